class FeedForward(nn.Module):
    def __init__(self, s: type[Settings]) -> None:
        super().__init__()
        self.up = nn.Linear(s.model_dim, s.mlp_mult * s.model_dim, bias=False)
        self.down = nn.Linear(s.mlp_mult * s.model_dim, s.model_dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.relu(self.up(x)).square())


class Block(nn.Module):
    def __init__(self, s: type[Settings]) -> None:
        super().__init__()
        self.mixer_norm = nn.RMSNorm(s.model_dim)
        self.mixer = TokenMixer(s)
        self.mlp_norm = nn.RMSNorm(s.model_dim)
        self.mlp = FeedForward(s)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.mixer(self.mixer_norm(x))
        return x + self.mlp(self.mlp_norm(x))


class GPT(nn.Module):
    """Blocks between an embedding and the same embedding as the head; logits are capped softly."""

    def __init__(self, s: type[Settings]) -> None:
        super().__init__()
        self.logit_cap = s.logit_cap
        self.embedding = nn.Embedding(s.vocab_size, s.model_dim)
        self.blocks = nn.ModuleList(Block(s) for _ in range(s.num_layers))
        self.norm = nn.RMSNorm(s.model_dim)
        self.apply(self.initialise)

    @staticmethod
    def initialise(module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)

    def trunk(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.norm(self.trunk(self.embedding(tokens)))
        logits = F.linear(x, self.embedding.weight).float()
        return self.logit_cap * torch.tanh(logits / self.logit_cap)


def token_losses(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Nats of each target, shaped like `y`."""
    with torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=x.device.type == "cuda"):
        logits = model(x)
    return F.cross_entropy(logits.float().flatten(0, 1), y.flatten(), reduction="none").view_as(y)
