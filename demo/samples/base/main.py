def learning_rate(s: type[Settings], step: int, seconds: float) -> float:
    """Linear warm-up over steps, then linear decay over the last share of steps or seconds."""
    progress = step / max(1, s.iterations)
    if s.max_wallclock_seconds > 0:
        progress = max(progress, seconds / s.max_wallclock_seconds)
    warm = min(1.0, (step + 1) / max(1, s.warmup_steps))
    return s.learning_rate * warm * min(1.0, max(0.05, (1 - progress) / max(1e-6, s.warmdown)))


def make_optimizer(model: nn.Module, s: type[Settings]) -> torch.optim.Optimizer:
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": s.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=s.learning_rate, betas=(0.9, 0.95))


def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor, s: type[Settings]) -> float:
    loss = token_losses(model, x, y).mean()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), s.grad_clip)
    optimizer.step()
    return loss.item()


def train(
    model: nn.Module, stream: TrainStream, val_tokens: Tensor, table: ByteTable, s: type[Settings], log: Log
) -> None:
    device = table.length.device
    optimizer = make_optimizer(model, s)
    step, seconds, stop = 0, 0.0, False
    while True:
        stop = stop or step >= s.iterations
        if stop or (s.val_loss_every > 0 and step % s.val_loss_every == 0):
            val_loss, val_bpb = evaluate(model, val_tokens, table, s)
            log(
                f"step:{step}/{s.iterations} val_loss:{val_loss:.4f} val_bpb:{val_bpb:.4f} "
                f"train_time:{1000 * seconds:.0f}ms step_avg:{1000 * seconds / max(1, step):.2f}ms"
            )
        if stop:
            return
        started = time.perf_counter()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(s, step, seconds)
        x, y = stream.batch(s, device)
        loss = train_step(model, optimizer, x, y, s)
        seconds += time.perf_counter() - started
        step += 1
        if s.train_log_every > 0 and step % s.train_log_every == 0:
            log(
                f"step:{step}/{s.iterations} train_loss:{loss:.4f} "
                f"train_time:{1000 * seconds:.0f}ms step_avg:{1000 * seconds / step:.2f}ms"
            )
        if 0 < s.max_wallclock_seconds <= seconds:
            log(f"stopping_early: wallclock_cap train_time:{1000 * seconds:.0f}ms step:{step}/{s.iterations}")
            stop = True


def main() -> None:
    s = Settings
    random.seed(s.seed)
    np.random.seed(s.seed)
    torch.manual_seed(s.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    log = Log(s.run_id)
    log("hyperparameters:")
    for name, value in vars(s).items():
        if not name.startswith("_"):
            log(f"  {name}: {value}")
    log(f"device:{torch.cuda.get_device_name() if device.type == 'cuda' else 'cpu'}")
    log(f"world_size:1 seed:{s.seed}")

    stream = TrainStream(shard_paths(f"{s.data_path}/*_train_*.bin"))
    log(f"train_loader:dataset:{Path(s.data_path).name} train_shards:{len(stream.paths)}")
    val_pattern = f"{s.data_path}/*_val_*.bin"
    val_tokens = load_validation(val_pattern, s.seq_len)
    log(f"val_loader:shards pattern={val_pattern} tokens:{len(val_tokens) - 1}")
    table = ByteTable(s.tokenizer_path, s.vocab_size, device)
    model = GPT(s).to(device)
    log(f"model_params:{sum(p.numel() for p in model.parameters())}")

    train(model, stream, val_tokens, table, s, log)
    ship(model, log)
    headline(model, val_tokens, table, s, log)


if __name__ == "__main__":
    main()
