def headline(model: nn.Module, tokens: Tensor, table: ByteTable, s: type[Settings], log: Log) -> None:
    """Each token is credited with its best loss over several passes of learning."""
    optimizer = torch.optim.Adam(model.parameters(), lr=s.ttt_learning_rate)
    chunks = chunks_of(tokens, s)
    best = [losses_of(model, x, y) for x, y in chunks]
    for _ in range(s.ttt_epochs):
        for place, (x, y) in enumerate(chunks):
            learn(model, optimizer, x, y, 1)
            best[place] = torch.minimum(best[place], losses_of(model, x, y))
    books = Books(table, log)
    for losses, (x, y) in zip(best, chunks):
        books.add(losses, x, y)
    books.close("ttt")
