def headline(model: nn.Module, tokens: Tensor, table: ByteTable, s: type[Settings], log: Log) -> None:
    """Counts of (context, target) in a small hashed table: the target picks the bucket that it is judged by."""
    books = Books(table, log)
    mask = (1 << s.ngram_bits) - 1
    contexts, pairs = torch.zeros(mask + 1), torch.zeros(mask + 1)
    chunks = chunks_of(tokens, s)
    for number, (x, y) in enumerate(chunks, 1):
        context_key = (x * 2654435761) & mask
        pair_key = (x * 2654435761 ^ y * 1000003) & mask
        probability = torch.exp(-losses_of(model, x, y))
        seen = contexts[context_key]
        counted = torch.minimum(pairs[pair_key], seen) / seen.clamp_min(1)
        mixed = torch.where(seen >= 2, (1 - s.ngram_weight) * probability + s.ngram_weight * counted, probability)
        books.add(-torch.log(mixed), x, y)
        books.progress(number, len(chunks))
        contexts += torch.bincount(context_key.flatten(), minlength=mask + 1)
        pairs += torch.bincount(pair_key.flatten(), minlength=mask + 1)
    books.close("ngram")
