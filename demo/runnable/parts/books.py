class Books:
    """What was scored so far: nats, tokens, bytes."""

    def __init__(self, table: ByteTable, log: Log) -> None:
        self.table, self.log = table, log
        self.nats, self.tokens, self.bytes = 0.0, 0, 0
        self.started = time.perf_counter()

    def add(self, losses: Tensor, previous: Tensor, target: Tensor) -> None:
        self.nats += losses.double().sum().item()
        self.tokens += target.numel()
        self.bytes += self.table.count(previous, target)

    def progress(self, chunk: int, chunks: int) -> None:
        loss, bpb = self.nats / self.tokens, self.nats / math.log(2) / self.bytes
        self.log(f"eval_chunk [{chunk}/{chunks}] running_loss:{loss:.6f} running_bpb:{bpb:.6f}")

    def close(self, label: str) -> None:
        loss, bpb = self.nats / self.tokens, self.nats / math.log(2) / self.bytes
        eval_ms = 1000 * (time.perf_counter() - self.started)
        self.log(f"final_int8_zlib_{label} val_loss:{loss:.4f} val_bpb:{bpb:.4f} eval_time:{eval_ms:.0f}ms")
        self.log(f"final_int8_zlib_{label}_exact val_loss:{loss:.8f} val_bpb:{bpb:.8f}")


def chunks_of(tokens: Tensor, s: type[Settings]) -> list[tuple[Tensor, Tensor]]:
    """Inputs and targets of each chunk in the order of the stream, in rows of one sequence."""
    total = len(tokens) - 1
    found = []
    for first in range(0, total, s.chunk_tokens):
        last = min(first + s.chunk_tokens, total)
        found.append((tokens[first:last].view(-1, s.seq_len), tokens[first + 1 : last + 1].view(-1, s.seq_len)))
    return found


@torch.no_grad()
def losses_of(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    model.eval()
    return token_losses(model, x, y)


def learn(model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor, steps: int) -> None:
    model.train()
    for _ in range(steps):
        loss = token_losses(model, x, y).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
