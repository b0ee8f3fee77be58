def headline(model: nn.Module, tokens: Tensor, table: ByteTable, s: type[Settings], log: Log) -> None:
    """Each window scores its last tokens only; what stands before them is context that was scored already."""
    books = Books(table, log)
    total = len(tokens) - 1
    ends = list(range(s.eval_stride, total + 1, s.eval_stride))
    for number, end in enumerate(ends, 1):
        start = max(0, end - s.seq_len)
        x, y = tokens[start:end][None], tokens[start + 1 : end + 1][None]
        fresh = min(s.eval_stride, x.shape[1])
        books.add(losses_of(model, x, y)[:, -fresh:], x[:, -fresh:], y[:, -fresh:])
        if number % 8 == 0:
            books.progress(number, len(ends))
    books.close("sliding_window")
