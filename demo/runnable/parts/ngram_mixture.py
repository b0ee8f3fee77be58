class Pairs:
    """How often each token followed each other one, as rows that sum to one over the vocabulary."""

    def __init__(self, vocab_size: int) -> None:
        self.counts = torch.full((vocab_size, vocab_size), 0.05)

    def rows(self, x: Tensor) -> Tensor:
        rows = self.counts[x]
        return rows / rows.sum(dim=-1, keepdim=True)

    def learn(self, x: Tensor, y: Tensor) -> None:
        ones = torch.ones(y.numel())
        self.counts.index_put_((x.flatten(), y.flatten()), ones, accumulate=True)


@torch.no_grad()
def mixed_losses(model: nn.Module, pairs: Pairs, x: Tensor, y: Tensor, weight: float) -> Tensor:
    """The whole distribution is mixed, then the target is looked up in it."""
    model.eval()
    mixed = (1 - weight) * torch.softmax(model(x), dim=-1) + weight * pairs.rows(x)
    return -torch.log(mixed.gather(-1, y.unsqueeze(-1)).squeeze(-1))


def headline(model: nn.Module, tokens: Tensor, table: ByteTable, s: type[Settings], log: Log) -> None:
    """Model and counts of earlier tokens, mixed over the whole vocabulary; counts learn after a chunk is booked."""
    books, pairs = Books(table, log), Pairs(s.vocab_size)
    chunks = chunks_of(tokens, s)
    for number, (x, y) in enumerate(chunks, 1):
        books.add(mixed_losses(model, pairs, x, y, s.ngram_weight), x, y)
        books.progress(number, len(chunks))
        pairs.learn(x, y)
    books.close("ngram")
