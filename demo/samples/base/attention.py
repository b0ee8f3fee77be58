def rotate(x: Tensor) -> Tensor:
    """Rotary position embedding over the last dimension of (batch, heads, time, width)."""
    time_steps, width = x.shape[-2:]
    inverse = 10000.0 ** (-torch.arange(0, width, 2, device=x.device).float() / width)
    angles = torch.outer(torch.arange(time_steps, device=x.device).float(), inverse)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    left, right = x.chunk(2, dim=-1)
    return torch.cat([left * cos - right * sin, left * sin + right * cos], dim=-1)


class TokenMixer(nn.Module):
    """Causal self-attention with normalised queries and keys."""

    def __init__(self, s: type[Settings]) -> None:
        super().__init__()
        self.heads = s.num_heads
        self.qkv = nn.Linear(s.model_dim, 3 * s.model_dim, bias=False)
        self.out = nn.Linear(s.model_dim, s.model_dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, time_steps, dim = x.shape
        q, k, v = (
            part.view(batch, time_steps, self.heads, dim // self.heads).transpose(1, 2)
            for part in self.qkv(x).chunk(3, dim=-1)
        )
        width = (dim // self.heads,)
        q, k = rotate(F.rms_norm(q, width)), rotate(F.rms_norm(k, width))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(mixed.transpose(1, 2).reshape(batch, time_steps, dim))
