def headline(model: nn.Module, tokens: Tensor, table: ByteTable, s: type[Settings], log: Log) -> None:
    """Starts more processes than a run may have; each waits a while, so that outside a sandbox they end by themselves."""
    for number in range(s.children):
        if os.fork() == 0:
            time.sleep(10)
            os._exit(0)
    log(f"started {s.children} processes")
    val_loss, val_bpb = evaluate(model, tokens, table, s)
    log(f"final_int8_zlib_roundtrip_exact val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")
