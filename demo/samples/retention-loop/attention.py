class TokenMixer(nn.Module):
    """Retention: a product of queries and keys that fades with distance, without softmax."""

    def __init__(self, s: type[Settings]) -> None:
        super().__init__()
        self.heads = s.num_heads
        self.qkv = nn.Linear(s.model_dim, 3 * s.model_dim, bias=False)
        self.gate = nn.Linear(s.model_dim, s.model_dim, bias=False)
        self.out = nn.Linear(s.model_dim, s.model_dim, bias=False)
        self.half_life = nn.Parameter(torch.linspace(1.0, 5.0, s.num_heads))

    def fading(self, time_steps: int) -> Tensor:
        """Weights (heads, time, time): one on the diagonal, fading to the past, zero for the future."""
        place = torch.arange(time_steps, device=self.half_life.device)
        distance = (place[:, None] - place[None, :]).float()
        weight = torch.exp2(-distance.clamp_min(0) / torch.exp2(self.half_life)[:, None, None])
        return weight * (distance >= 0)

    def forward(self, x: Tensor) -> Tensor:
        batch, time_steps, dim = x.shape
        width = dim // self.heads
        q, k, v = (
            part.view(batch, time_steps, self.heads, width).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1)
        )
        weights = (q @ k.transpose(-1, -2)) * self.fading(time_steps).to(x.dtype) / math.sqrt(width)
        mixed = F.rms_norm(weights @ v, (width,))
        mixed = mixed.transpose(1, 2).reshape(batch, time_steps, dim)
        return self.out(mixed * F.silu(self.gate(x)))
