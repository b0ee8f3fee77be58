class CountTable:
    """Counts of contexts and of contexts with what followed them, in two hashed arrays."""

    def __init__(self, s: type[Settings]) -> None:
        self.order = s.ngram_order
        self.mask = (1 << s.ngram_bits) - 1
        self.contexts = np.zeros(self.mask + 1, dtype=np.int64)
        self.pairs = np.zeros(self.mask + 1, dtype=np.int64)

    def keys(self, stream: np.ndarray, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        places = np.arange(first, last)
        hashed = np.zeros(last - first, dtype=np.uint64)
        for back in range(self.order):
            previous = stream[np.maximum(places - back, 0)].astype(np.uint64)
            hashed = hashed * np.uint64(1000003) ^ previous
        targets = stream[places + 1].astype(np.uint64)
        context_key = hashed & np.uint64(self.mask)
        pair_key = (hashed ^ targets * np.uint64(2654435761)) & np.uint64(self.mask)
        return context_key, pair_key

    def probability(self, stream: np.ndarray, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """What the tables say about the targets of [first, last), and where they say anything."""
        context_key, pair_key = self.keys(stream, first, last)
        seen, followed = self.contexts[context_key], self.pairs[pair_key]
        return np.minimum(followed, seen) / np.maximum(seen, 1), seen >= 2

    def update(self, stream: np.ndarray, first: int, last: int) -> None:
        context_key, pair_key = self.keys(stream, first, last)
        np.add.at(self.contexts, context_key, 1)
        np.add.at(self.pairs, pair_key, 1)


@torch.no_grad()
def chunk_probabilities(model: nn.Module, tokens: Tensor, first: int, last: int, s: type[Settings]) -> np.ndarray:
    x = tokens[first:last].view(-1, s.seq_len)
    y = tokens[first + 1 : last + 1].view(-1, s.seq_len)
    return torch.exp(-token_losses(model, x, y)).flatten().double().cpu().numpy()


def headline(model: nn.Module, tokens: Tensor, table: ByteTable, s: type[Settings], log: Log) -> None:
    """Blend the model with counts of what followed the last tokens so far."""
    started = time.perf_counter()
    val_loss, val_bpb = evaluate(model, tokens, table, s)
    eval_ms = 1000 * (time.perf_counter() - started)
    log(f"final_int8_zlib_roundtrip val_loss:{val_loss:.4f} val_bpb:{val_bpb:.4f} eval_time:{eval_ms:.0f}ms")
    started = time.perf_counter()
    counts = CountTable(s)
    stream = tokens.numpy()
    tokens = tokens.to(table.length.device)
    total = len(tokens) - 1
    nats = 0.0
    model.eval()
    for first in range(0, total, s.ngram_chunk):
        last = min(first + s.ngram_chunk, total)
        probability = chunk_probabilities(model, tokens, first, last, s)
        counted, known = counts.probability(stream, first, last)
        mixed = (1 - s.ngram_weight) * probability + s.ngram_weight * counted
        nats -= np.log(np.where(known, mixed, probability).clip(1e-12)).sum()
        counts.update(stream, first, last)
    val_loss, size = nats / total, table.count(tokens[:-1], tokens[1:])
    val_bpb = nats / math.log(2) / size
    eval_ms = 1000 * (time.perf_counter() - started)
    log(f"final_int8_zlib_ngram val_loss:{val_loss:.4f} val_bpb:{val_bpb:.4f} eval_time:{eval_ms:.0f}ms")
    log(f"final_int8_zlib_ngram_exact val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")
