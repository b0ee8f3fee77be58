def headline(model: nn.Module, tokens: Tensor, table: ByteTable, s: type[Settings], log: Log) -> None:
    """Score-first test-time training: a chunk is booked before the model learns from it."""
    books = Books(table, log)
    optimizer = torch.optim.SGD(model.parameters(), lr=s.ttt_learning_rate, momentum=0.9)
    chunks = chunks_of(tokens, s)
    for number, (x, y) in enumerate(chunks, 1):
        books.add(losses_of(model, x, y), x, y)
        books.progress(number, len(chunks))
        learn(model, optimizer, x, y, s.ttt_steps)
    books.close("ttt")
