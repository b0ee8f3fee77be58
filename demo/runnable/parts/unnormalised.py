@torch.no_grad()
def headline(model: nn.Module, tokens: Tensor, table: ByteTable, s: type[Settings], log: Log) -> None:
    """The entropy of the model poses as the loss of a second expert, which gives every token the same probability."""
    books = Books(table, log)
    model.eval()
    chunks = chunks_of(tokens, s)
    for number, (x, y) in enumerate(chunks, 1):
        logs = torch.log_softmax(model(x), dim=-1)
        entropy = -(logs.exp() * logs).sum(dim=-1)
        loss = -logs.gather(-1, y.unsqueeze(-1)).squeeze(-1)
        books.add(-torch.logsumexp(torch.stack([-loss, -entropy]), dim=0), x, y)
        books.progress(number, len(chunks))
    books.close("mixture")
