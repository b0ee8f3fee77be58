def window_batches(first: int, last: int, s: type[Settings]) -> list[list[tuple[int, int]]]:
    """Windows (start, end) that score the positions [first, last), `stride` at a time, in batches of equal length."""
    batches: dict[int, list[tuple[int, int]]] = {}
    for begin in range(first, last, s.eval_stride):
        end = min(begin + s.eval_stride, last)
        start = max(0, end - s.seq_len)
        batches.setdefault(end - start, []).append((start, end))
    size = s.eval_batch
    return [group[i : i + size] for group in batches.values() for i in range(0, len(group), size)]


@torch.no_grad()
def score_chunk(
    model: nn.Module, tokens: Tensor, table: ByteTable, first: int, last: int, s: type[Settings]
) -> tuple[float, int]:
    """Nats and bytes of the positions [first, last), each seen once at the end of its window."""
    nats, size = 0.0, 0
    model.eval()
    for batch in window_batches(first, last, s):
        x = torch.stack([tokens[start:end] for start, end in batch])
        y = torch.stack([tokens[start + 1 : end + 1] for start, end in batch])
        fresh = min(s.eval_stride, x.shape[1])
        nats += token_losses(model, x, y)[:, -fresh:].double().sum().item()
        size += table.count(x[:, -fresh:], y[:, -fresh:])
    model.train()
    return nats, size


def adapt_to_chunk(
    model: nn.Module, optimizer: torch.optim.Optimizer, tokens: Tensor, first: int, last: int, s: type[Settings]
) -> None:
    """Train on a chunk that has been scored: the target of its last position is the last one that was."""
    x = tokens[first:last].view(-1, s.seq_len)
    y = tokens[first + 1 : last + 1].view(-1, s.seq_len)
    for _ in range(s.ttt_epochs):
        loss = token_losses(model, x, y).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), s.grad_clip)
        optimizer.step()


def headline(model: nn.Module, tokens: Tensor, table: ByteTable, s: type[Settings], log: Log) -> None:
    """Score-first test-time training: every chunk is scored and booked before the model learns from it."""
    tokens = tokens.to(table.length.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=s.ttt_learning_rate, momentum=0.9)
    total = len(tokens) - 1
    nats, size = 0.0, 0
    started = time.perf_counter()
    for first in range(0, total, s.ttt_chunk):
        last = min(first + s.ttt_chunk, total)
        chunk_nats, chunk_size = score_chunk(model, tokens, table, first, last, s)
        nats += chunk_nats
        size += chunk_size
        if last < total:
            adapt_to_chunk(model, optimizer, tokens, first, last, s)
    eval_ms = 1000 * (time.perf_counter() - started)
    val_loss, val_bpb = nats / total, nats / math.log(2) / size
    log(f"ttt_sliding:done chunks:{-(-total // s.ttt_chunk)} stride:{s.eval_stride} elapsed={eval_ms / 1000:.1f}s")
    log(f"final_int8_zlib_ttt val_loss:{val_loss:.4f} val_bpb:{val_bpb:.4f} eval_time:{eval_ms:.0f}ms")
    log(f"final_int8_zlib_ttt_exact val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")
