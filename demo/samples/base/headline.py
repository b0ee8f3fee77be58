def headline(model: nn.Module, tokens: Tensor, table: ByteTable, s: type[Settings], log: Log) -> None:
    """Score the model that came back from the artifact."""
    started = time.perf_counter()
    val_loss, val_bpb = evaluate(model, tokens, table, s)
    eval_ms = 1000 * (time.perf_counter() - started)
    log(f"final_int8_zlib_roundtrip val_loss:{val_loss:.4f} val_bpb:{val_bpb:.4f} eval_time:{eval_ms:.0f}ms")
    log(f"final_int8_zlib_roundtrip_exact val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")
