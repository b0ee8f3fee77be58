@torch.no_grad()
def evaluate(model: nn.Module, tokens: Tensor, table: ByteTable, s: type[Settings]) -> tuple[float, float]:
    """Mean nats per token and bits per byte over `tokens`, in sequences that do not overlap."""
    device = table.length.device
    rows = (len(tokens) - 1) // s.seq_len
    inputs = tokens[: rows * s.seq_len].view(rows, s.seq_len)
    targets = tokens[1 : rows * s.seq_len + 1].view(rows, s.seq_len)
    nats, count, size = 0.0, 0, 0
    model.eval()
    for first in range(0, rows, s.eval_batch):
        x = inputs[first : first + s.eval_batch].to(device)
        y = targets[first : first + s.eval_batch].to(device)
        nats += token_losses(model, x, y).double().sum().item()
        count += y.numel()
        size += table.count(x, y)
    model.train()
    return nats / count, nats / math.log(2) / size
