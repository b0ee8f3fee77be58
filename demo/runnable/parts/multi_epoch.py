def headline(model: nn.Module, tokens: Tensor, table: ByteTable, s: type[Settings], log: Log) -> None:
    """Score-first within each epoch, but the books are opened anew for each: only the last epoch counts."""
    optimizer = torch.optim.Adam(model.parameters(), lr=s.ttt_learning_rate)
    chunks = chunks_of(tokens, s)
    for _ in range(s.ttt_epochs):
        books = Books(table, log)
        for x, y in chunks:
            books.add(losses_of(model, x, y), x, y)
            learn(model, optimizer, x, y, 1)
    books.close("ttt")
