HEADER_INTS = 256
SHARD_MAGIC = 20240520
SHARD_VERSION = 1


def read_shard(path: str) -> Tensor:
    """The tokens of one shard: a header of 256 int32 (magic, version, count), then uint16 tokens."""
    header = np.fromfile(path, dtype="<i4", count=HEADER_INTS)
    if header.size < HEADER_INTS or header[0] != SHARD_MAGIC or header[1] != SHARD_VERSION:
        raise ValueError(f"{path} is not a token shard")
    count = int(header[2])
    tokens = np.fromfile(path, dtype="<u2", count=count, offset=4 * HEADER_INTS)
    if tokens.size != count:
        raise ValueError(f"{path} holds {tokens.size} tokens, its header says {count}")
    return torch.from_numpy(tokens.astype(np.int64))


def shard_paths(pattern: str) -> list[str]:
    paths = sorted(glob.glob(pattern))
    if not paths:
        raise FileNotFoundError(f"no shards match {pattern}")
    return paths


class TrainStream:
    """Training tokens in the order of the shards, over and over."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths
        self.shard = 0
        self.tokens = read_shard(paths[0])
        self.position = 0

    def take(self, count: int) -> Tensor:
        parts: list[Tensor] = []
        missing = count
        while missing:
            if self.position >= len(self.tokens):
                self.shard = (self.shard + 1) % len(self.paths)
                self.tokens = read_shard(self.paths[self.shard])
                self.position = 0
            part = self.tokens[self.position : self.position + missing]
            self.position += len(part)
            missing -= len(part)
            parts.append(part)
        return torch.cat(parts)

    def batch(self, s: type[Settings], device: torch.device) -> tuple[Tensor, Tensor]:
        rows = max(1, s.batch_tokens // s.seq_len)
        tokens = self.take(rows * s.seq_len + 1).to(device)
        return tokens[:-1].view(rows, s.seq_len), tokens[1:].view(rows, s.seq_len)


def load_validation(pattern: str, seq_len: int) -> Tensor:
    """All validation tokens, cut to whole sequences plus the last target."""
    tokens = torch.cat([read_shard(path) for path in shard_paths(pattern)])
    usable = (len(tokens) - 1) // seq_len * seq_len
    return tokens[: usable + 1]


class ByteTable:
    """How many bytes of text a token stands for; a leading space counts unless a boundary comes before it."""

    def __init__(self, path: str, vocab_size: int, device: torch.device) -> None:
        pieces = sentencepiece.SentencePieceProcessor(model_file=path)
        size = max(vocab_size, pieces.vocab_size())
        length = torch.zeros(size, dtype=torch.int64)
        space = torch.zeros(size, dtype=torch.bool)
        boundary = torch.ones(size, dtype=torch.bool)
        for token in range(pieces.vocab_size()):
            if pieces.is_control(token) or pieces.is_unknown(token) or pieces.is_unused(token):
                continue
            boundary[token] = False
            if pieces.is_byte(token):
                length[token] = 1
                continue
            piece = pieces.id_to_piece(token)
            space[token] = piece.startswith("\u2581")
            length[token] = len(piece.removeprefix("\u2581").encode("utf-8"))
        self.length, self.space, self.boundary = length.to(device), space.to(device), boundary.to(device)

    def count(self, previous: Tensor, target: Tensor) -> int:
        spaces = self.space[target] & ~self.boundary[previous]
        return int((self.length[target] + spaces.long()).sum())
