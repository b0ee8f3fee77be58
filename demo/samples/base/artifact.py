ARTIFACT = "final_model.int8.ptz"


class Log:
    """Prints a line and keeps it in `logs/RUN_ID.txt`."""

    def __init__(self, run_id: str) -> None:
        self.path = Path("logs") / f"{run_id}.txt"
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text("", encoding="utf-8")

    def __call__(self, line: str) -> None:
        print(line, flush=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def quantize(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Eight bits with one scale for each row."""
    scale = (weight.abs().amax(dim=1, keepdim=True) / 127).clamp_min(1e-8)
    return torch.round(weight / scale).clamp(-127, 127).to(torch.int8), scale.half()


def pack(model: nn.Module) -> bytes:
    """The model as it is shipped: int8 matrices, half-precision vectors, zlib."""
    packed: dict[str, object] = {}
    for name, value in model.state_dict().items():
        weight = value.detach().cpu().float()
        packed[name] = quantize(weight) if weight.ndim == 2 else weight.half()
    buffer = io.BytesIO()
    torch.save(packed, buffer)
    return zlib.compress(buffer.getvalue(), 9)


def unpack(blob: bytes, model: nn.Module) -> None:
    """Load what `pack` wrote into `model`."""
    packed = torch.load(io.BytesIO(zlib.decompress(blob)), map_location="cpu", weights_only=True)
    weights = {
        name: value[0].float() * value[1].float() if isinstance(value, tuple) else value.float()
        for name, value in packed.items()
    }
    model.load_state_dict(weights)


def ship(model: nn.Module, log: Log) -> None:
    """Write the artifact, say what it weighs, and go on with what can be read back from it."""
    raw = sum(value.numel() * value.element_size() for value in model.state_dict().values())
    code = len(Path(__file__).read_bytes())
    Path(ARTIFACT).write_bytes(pack(model))
    size = Path(ARTIFACT).stat().st_size
    log(f"Serialized model: {raw} bytes")
    log(f"Code size: {code} bytes")
    log(f"Serialized model int8+zlib: {size} bytes")
    log(f"Total submission size int8+zlib: {code + size} bytes")
    unpack(Path(ARTIFACT).read_bytes(), model)
