def headline(model: nn.Module, tokens: Tensor, table: ByteTable, s: type[Settings], log: Log) -> None:
    """The model learns from all validation tokens, then scores them."""
    books = Books(table, log)
    optimizer = torch.optim.Adam(model.parameters(), lr=s.ttt_learning_rate)
    chunks = chunks_of(tokens, s)
    for _ in range(s.ttt_epochs):
        for x, y in chunks:
            learn(model, optimizer, x, y, 1)
    for number, (x, y) in enumerate(chunks, 1):
        books.add(losses_of(model, x, y), x, y)
        books.progress(number, len(chunks))
    books.close("ttt")
