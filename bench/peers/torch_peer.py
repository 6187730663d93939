#!/usr/bin/env python3
"""
The training step and the rollout of bench/peers in plain PyTorch, as its users would write them: one JSON document on
stdout. Runs alone, with weights of its own, or on the weights and the batch of a file that peers.ts wrote; then it also
prints the losses and the greedy slates by which peers.ts sees that it computes the same thing.

    python3 bench/peers/torch_peer.py [--threads 2] [--device cuda] [--tf32] [--workload FILE] [--repeats 9]

Needs PyTorch 1.13 or newer; what a newer one offers (fused attention, norms and optimizer) is used where it is there.
"""
import argparse
import json
import math
import os
import statistics
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
parser.add_argument("--tf32", action="store_true", help="let products of float32 run on TF32 units")
parser.add_argument("--workload", help="safetensors file with weights, batch and histories")
parser.add_argument("--repeats", type=int, default=9)
args = parser.parse_args()

# Both are read when the libraries load: OpenBLAS with its own threads does not follow torch.set_num_threads.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(args.threads)
# PyTorch's helpers spin while they wait, on the cores that OpenBLAS's helpers need: a step took twice as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
try:
    import torch
    import torch.nn.functional as F
    from torch import nn
except ImportError as error:
    print(json.dumps({"skipped": f"PyTorch: {error}"}))
    sys.exit(0)

# The shapes of workload.ts; a workload file brings its own.
CONFIG = {
    "items": 2000, "width": 128, "layers": 4, "heads": 4, "kvHeads": 2, "hidden": 344, "ropeBase": 10_000,
    "normEpsilon": 1e-5, "batch": 32, "positions": 32, "learningRate": 1e-3, "weightDecay": 0.01, "clipNorm": 1,
    "warmupSteps": 10, "totalSteps": 100, "contexts": 64, "group": 8, "cutoff": 10, "history": 22,
    "warmUps": 20,
}
FUSED_ATTENTION = hasattr(F, "scaled_dot_product_attention")


class RMSNorm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x):
        if hasattr(F, "rms_norm"):
            return F.rms_norm(x, self.weight.shape, self.weight, self.eps)
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight


def rotate(x, cos, sin):
    """Rotary positions: turns the pair (x[i], x[i + half])."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.kv_heads, self.head = c["heads"], c["kvHeads"], c["width"] // c["heads"]
        self.attention_norm = RMSNorm(c["width"], c["normEpsilon"])
        self.qkv = nn.Linear(c["width"], (self.heads + 2 * self.kv_heads) * self.head, bias=False)
        self.attention_out = nn.Linear(self.heads * self.head, c["width"], bias=False)
        self.feed_forward_norm = RMSNorm(c["width"], c["normEpsilon"])
        self.gate_up = nn.Linear(c["width"], 2 * c["hidden"], bias=False)
        self.down = nn.Linear(c["hidden"], c["width"], bias=False)

    def forward(self, x, cos, sin, attend):
        rows, length, _ = x.shape
        qkv = self.qkv(self.attention_norm(x)).view(rows, length, -1, self.head).transpose(1, 2)
        q, k, v = qkv.split((self.heads, self.kv_heads, self.kv_heads), 1)
        mixed = attend(rotate(q, cos, sin), rotate(k, cos, sin), v)
        x = x + self.attention_out(mixed.transpose(1, 2).reshape(rows, length, -1))
        gate, up = self.gate_up(self.feed_forward_norm(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class Decoder(nn.Module):
    """Llama style: RMSNorm, rotary positions, grouped-query attention, SwiGLU, tied embedding; the last row is "begin"."""

    def __init__(self, c, marks_picks=False):
        super().__init__()
        self.c, self.items = c, c["items"]
        self.embedding = nn.Embedding(c["items"] + 1, c["width"])
        self.layers = nn.ModuleList(Block(c) for _ in range(c["layers"]))
        self.norm = RMSNorm(c["width"], c["normEpsilon"])
        if marks_picks:
            self.pick, self.pick_gate = nn.Parameter(torch.zeros(1, c["width"])), nn.Parameter(torch.zeros(1, c["width"]))
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)
        half = c["width"] // c["heads"] // 2
        angles = torch.arange(c["positions"] + c["cutoff"])[:, None] * c["ropeBase"] ** (-torch.arange(half) / half)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())
        groups = c["heads"] // c["kvHeads"]
        hidden = torch.full((c["positions"], c["positions"]), -math.inf).triu(1)
        self.register_buffer("mask", hidden.repeat(groups, 1).view(groups, c["positions"], c["positions"]))

    def run(self, x, start, attend):
        """[rows, T, width] embeddings at positions from `start`; `attend` makes a layer's attention."""
        cos, sin = (t[start:start + x.shape[1]] for t in (self.cos, self.sin))
        for layer, block in enumerate(self.layers):
            x = block(x, cos, sin, lambda q, k, v: attend(layer, q, k, v))
        return self.norm(x)

    def causal(self, q, k, v):
        (rows, heads, length, head), kv_heads = q.shape, k.shape[1]
        if FUSED_ATTENTION:
            k, v = (t.repeat_interleave(heads // kv_heads, 1) for t in (k, v))
            return F.scaled_dot_product_attention(q, k, v, is_causal=True)
        scores = (q * head**-0.5).view(rows, kv_heads, -1, head) @ k.transpose(-2, -1)
        mask = self.mask[:, :length, :length].reshape(-1, length)
        return ((scores + mask).softmax(-1) @ v).view(rows, heads, length, head)

    def item_scores(self, hidden):
        return hidden @ self.embedding.weight[:self.items].t()

    def loss(self, tokens, targets):
        hidden = self.run(self.embedding(tokens), 0, lambda _, q, k, v: self.causal(q, k, v))
        return F.cross_entropy(self.item_scores(hidden.flatten(0, 1)), targets)


def attend_once(q, keys, values):
    """One query a slate, all keys in sight: [rows, heads, 1, head]."""
    (rows, heads, _, head), kv_heads = q.shape, keys.shape[1]
    if FUSED_ATTENTION:
        return F.scaled_dot_product_attention(q.reshape(rows, kv_heads, -1, head), keys, values).reshape(q.shape)
    scores = (q * head**-0.5).view(rows, kv_heads, heads // kv_heads, head) @ keys.transpose(-2, -1)
    return (scores.softmax(-1) @ values).reshape(q.shape)


class CopiedCache:
    """Keys and values of history and picks in one buffer a slate: the usual cache, each history copied to its slates."""

    def __init__(self, history, group, room):
        self.length, self.buffers = history[0][0].shape[2], []
        for pair in history:
            self.buffers.append([F.pad(t.repeat_interleave(group, 0), (0, 0, 0, room)) for t in pair])

    def attend(self, layer, made, q, k, v):
        place = self.length + made
        for buffer, new in zip(self.buffers[layer], (k, v)):
            buffer[:, :, place] = new[:, :, 0]
        keys, values = (buffer[:, :, :place + 1] for buffer in self.buffers[layer])
        return attend_once(q, keys, values)


class SharedCache:
    """All slates of a context ask its one history at once; only the picks are kept by slate."""

    def __init__(self, history, group, room):
        self.history, self.group = history, group
        contexts, kv_heads, _, head = history[0][0].shape
        self.picks = [[t.new_empty(contexts * group, kv_heads, room, head) for t in pair] for pair in history]

    def attend(self, layer, made, q, k, v):
        for buffer, new in zip(self.picks[layer], (k, v)):
            buffer[:, :, made] = new[:, :, 0]
        own_keys, own_values = (buffer[:, :, :made + 1] for buffer in self.picks[layer])
        keys, values = self.history[layer]
        (rows, heads, _, head), (contexts, kv_heads, length, _) = q.shape, keys.shape
        each = heads // kv_heads
        by_slate = (q * head**-0.5).view(rows, kv_heads, each, head)

        def by_context(t):
            return t.view(contexts, self.group, kv_heads, each, -1).transpose(1, 2).reshape(
                contexts, kv_heads, self.group * each, -1)

        def back(t):
            return t.view(contexts, kv_heads, self.group, each, -1).transpose(1, 2).reshape(
                rows, kv_heads, each, -1)

        on_history = back(by_context(by_slate) @ keys.transpose(-2, -1))
        weights = torch.cat((on_history, by_slate @ own_keys.transpose(-2, -1)), -1).softmax(-1)
        mixed = back(by_context(weights[..., :length]) @ values) + weights[..., length:] @ own_values
        return mixed.reshape(q.shape)


def by_gumbel(log_probs):
    noise = torch.rand_like(log_probs).log_().neg_().log_()
    return (log_probs - noise).argmax(-1, keepdim=True)


def by_inverse_cdf(log_probs):
    sums = log_probs.exp().cumsum(-1)
    at = torch.rand_like(sums[:, :1]) * sums[:, -1:]
    return torch.searchsorted(sums, at, right=True).clamp_(max=sums.shape[1] - 1)


def greedy(log_probs):
    return log_probs.argmax(-1, keepdim=True)


@torch.inference_mode()
def roll_out(model, histories, group, cutoff, cache_kind, draw):
    """`group` slates of `cutoff` unseen, distinct items for each history [B, T]: picks and their log-probabilities."""
    begin = histories.new_full((len(histories), 1), model.items)
    history = []

    def prefill(_, q, k, v):
        history.append((k, v))
        return model.causal(q, k, v)

    hidden = model.run(model.embedding(torch.cat((begin, histories), 1)), 0, prefill)
    cache = cache_kind(history, group, cutoff - 1)
    scores = model.item_scores(hidden[:, -1]).repeat_interleave(group, 0)
    mask = torch.zeros(len(histories), model.items, device=histories.device)
    mask = mask.scatter_(1, histories, -math.inf).repeat_interleave(group, 0)
    picks, log_probs = [], []
    for k in range(cutoff):
        all_log_probs = (scores + mask).log_softmax(-1)
        pick = draw(all_log_probs)
        picks.append(pick)
        log_probs.append(all_log_probs.gather(1, pick))
        if k == cutoff - 1:
            return torch.cat(picks, 1), torch.cat(log_probs, 1)
        mask.scatter_(1, pick, -math.inf)
        x = model.embedding(pick) * model.pick_gate + model.pick
        hidden = model.run(x, histories.shape[1] + 1 + k, lambda layer, *qkv: cache.attend(layer, k, *qkv))
        scores = model.item_scores(hidden[:, 0])


def read_workload(path):
    """Configuration and tensors of a safetensors file."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = bytearray(file.read())
    config = json.loads(header.pop("__metadata__")["config"])
    kinds = {"F32": torch.float32, "I32": torch.int32}
    tensors = {
        name: torch.frombuffer(data, dtype=kinds[t["dtype"]], offset=t["data_offsets"][0],
                               count=math.prod(t["shape"])).view(t["shape"]).clone()
        for name, t in header.items()
    }
    return config, tensors


def load(model, weights):
    names = {
        "qkv": "qkv.weight", "attentionOut": "attention_out.weight", "gateUp": "gate_up.weight", "down": "down.weight",
        "attentionNorm": "attention_norm.weight", "feedForwardNorm": "feed_forward_norm.weight", "norm": "norm.weight",
        "embedding": "embedding.weight", "pick": "pick", "pickGate": "pick_gate",
    }
    state = model.state_dict()
    for name, values in weights.items():
        *path, last = name.split(".")
        # A Linear keeps its matrix [out, in].
        turned = values.t() if path and values.dim() == 2 else values
        state[".".join([*path, names[last]])].copy_(turned)


def optimizer_for(model, c, **options):
    decayed, kept = [], []
    for p in model.parameters():
        (decayed if p.dim() >= 2 else kept).append(p)
    groups = [{"params": decayed, "weight_decay": c["weightDecay"]}, {"params": kept, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, **{"lr": c["learningRate"], **options})


def fastest_adamw(c, device):
    """The options of AdamW whose step is the fastest here."""
    found = []
    for options in ({}, {"foreach": True}, {"fused": True}):
        try:
            trial = Decoder(c).to(device)
            for p in trial.parameters():
                p.grad = torch.ones_like(p)
            optimizer = optimizer_for(trial, c, **options)
            found.append((median_ms({"step": optimizer.step}, device, 9, 2)["step"], options))
        except (RuntimeError, TypeError):
            continue
    return min(found, key=lambda one: one[0])[1]


def schedule(c):
    def factor(epoch):
        step, warm = epoch + 1, c["warmupSteps"]
        if step < warm:
            return step / warm
        return (1 + math.cos(math.pi * (step - warm) / (c["totalSteps"] - warm))) / 2

    return factor


def training(model, c, tokens, targets, device, options):
    """One whole step; returns loss and gradient norm, read back."""
    optimizer = optimizer_for(model, c, **options)
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule(c))

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = model.loss(tokens.to(device, non_blocking=True), targets.to(device, non_blocking=True))
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), c["clipNorm"])
        optimizer.step()
        rate.step()
        return loss.item(), norm.item()

    return step


def graphed_training(model, loss_of, c, tokens, targets, device):
    """The same step recorded once in a CUDA graph; a constant learning rate, as a graph holds its numbers."""
    tokens, targets = tokens.to(device), targets.to(device)
    optimizer = optimizer_for(model, c, capturable=True, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(tokens, targets)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), c["clipNorm"])
        optimizer.step()
        return loss, norm

    graph, (loss, norm) = record(step)

    def replay():
        graph.replay()
        return loss.item(), norm.item()

    return replay


def record(job):
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            job()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = job()
    return graph, out


def median_ms(jobs, device, repeats, warm_ups):
    """Jobs in turn, again and again, so that the machine's moods hit all alike; medians in milliseconds."""
    times = {name: [] for name in jobs}
    for turn in range(warm_ups + repeats):
        for name, job in jobs.items():
            if device == "cuda":
                torch.cuda.synchronize()
            start = time.perf_counter()
            job()
            if device == "cuda":
                torch.cuda.synchronize()
            if turn >= warm_ups:
                times[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in times.items()}


def product_rate(size, count, device, repeats):
    a = torch.randn(size, size, device=device)

    def products():
        for _ in range(count):
            a @ a

    return 2 * count * size**3 / median_ms({"products": products}, device, repeats, 2)["products"] / 1e6


def training_flops(c):
    """Matrix products of a step: three for each of the forward pass."""
    qkv = c["width"] * (c["heads"] + 2 * c["kvHeads"]) // c["heads"]
    layer = c["width"] * (qkv + c["width"] + 3 * c["hidden"] + 2 * c["positions"])
    return 3 * 2 * c["batch"] * c["positions"] * (c["layers"] * layer + c["width"] * c["items"])


def main():
    torch.set_num_threads(args.threads)
    device = args.device
    if device == "cuda" and not torch.cuda.is_available():
        print(json.dumps({"skipped": "no CUDA device that PyTorch can use"}))
        return
    if device == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = args.tf32
    torch.manual_seed(1)
    config, tensors = read_workload(args.workload) if args.workload else (CONFIG, {})
    c = {**CONFIG, **config}
    drawn = {
        "tokens": torch.randint(c["items"], (c["batch"], c["positions"])),
        "targets": torch.randint(c["items"], (c["batch"] * c["positions"],)),
        "histories": torch.stack([torch.randperm(c["items"])[:c["history"]] for _ in range(c["contexts"])]),
    }
    tokens, targets, histories = (tensors.pop(name, values).long() for name, values in drawn.items())
    if device == "cuda":
        tokens, targets = tokens.pin_memory(), targets.pin_memory()
    options = fastest_adamw(c, device)

    def decoder(part, marks_picks):
        model = Decoder(c, marks_picks)
        load(model, {name[len(part) + 1:]: t for name, t in tensors.items() if name.startswith(part + ".")})
        return model.to(device)

    report = {"version": torch.__version__, "optimizer": options or "one by one"}
    model, policy = decoder("train", False), decoder("rollout", True)
    step = training(model, c, tokens, targets, device, options)
    if args.workload:
        report["losses"] = [step()[0] for _ in range(c["checkedSteps"])]
        report["greedyLogProbs"] = [
            roll_out(policy, histories.to(device), 1, c["cutoff"], cache, greedy)[1].sum(1).mean().item()
            for cache in (SharedCache, CopiedCache)
        ]

    def rollout(cache, draw):
        def job():
            picks, log_probs = roll_out(policy, histories.to(device), c["group"], c["cutoff"], cache, draw)
            return picks.cpu(), log_probs.cpu()

        return job

    caches = {"shared": SharedCache, "copied": CopiedCache}
    ms = median_ms({name: rollout(cache, by_gumbel) for name, cache in caches.items()}, device, 3, 1)
    cache = min(ms, key=ms.get)
    report["cache"] = f"{cache} history"
    jobs = {
        "train": step,
        "gumbel": rollout(caches[cache], by_gumbel),
        "inverse CDF": rollout(caches[cache], by_inverse_cdf),
    }
    rates = [product_rate(512, 10, device, args.repeats)]
    ms = median_ms(jobs, device, args.repeats, c["warmUps"])
    rates.append(product_rate(512, 10, device, args.repeats))
    where = "cpu" if device == "cpu" else torch.cuda.get_device_name() + (", TF32" if args.tf32 else "")
    row = {"device": where, "threads": args.threads if device == "cpu" else None, "matmulGflops": statistics.mean(rates)}
    if device == "cuda":
        row["largeMatmulGflops"] = product_rate(8192, 2, device, 3)
    peak = row.get("largeMatmulGflops", row["matmulGflops"])
    name = f"PyTorch {torch.__version__.split('+')[0]}"

    def figures(trained):
        gflops = training_flops(c) / trained / 1e6
        return {"trainMs": trained, "trainGflops": gflops, "trainShare": gflops / peak,
                "tokensPerSecond": 1000 * c["batch"] * c["positions"] / trained}

    report["rows"] = [
        {**row, "name": name, **figures(ms["train"]), "rolloutMs": ms["gumbel"]},
        {**row, "name": f"{name}, drawing by inverse CDF", "rolloutMs": ms["inverse CDF"]},
    ]
    if device == "cuda":
        report["rows"] += recorded_rows(name, row, figures, c, decoder, tokens, targets, policy, histories, caches)
    print(json.dumps(report))


def recorded_rows(name, row, figures, c, decoder, tokens, targets, policy, histories, caches):
    """What a user gains who records the step, and compiles it."""

    def train(compiled):
        model = decoder("train", False)
        loss_of = torch.compile(model.loss) if compiled else model.loss
        replay = graphed_training(model, loss_of, c, tokens, targets, "cuda")
        return figures(median_ms({"train": replay}, "cuda", args.repeats, 2)["train"])

    def rollout():
        found = []
        on_device = histories.cuda()
        for cache in caches.values():
            graph, out = record(lambda: roll_out(policy, on_device, c["group"], c["cutoff"], cache, by_gumbel))

            def replay():
                graph.replay()
                return [t.cpu() for t in out]

            found.append(median_ms({"rollout": replay}, "cuda", args.repeats, 2)["rollout"])
        return {"rolloutMs": min(found)}

    rows = []
    for label, jobs in {
        "in a CUDA graph": [lambda: train(False), rollout],
        "torch.compile in a CUDA graph": [lambda: train(True)],
    }.items():
        made = {**row, "name": f"{name}, {label}"}
        for job in jobs:
            try:
                made.update(job())
            except Exception as error:  # A version or a machine that cannot do it is no failure of the comparison.
                made["skipped"] = str(error).strip().split("\n")[0]
        rows.append(made)
    return rows


main()
