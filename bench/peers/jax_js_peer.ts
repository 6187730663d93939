/**
 * The same training step in jax-js, compiled as one function, as its own examples do. The package is fetched for this
 * alone, outside of the project's own dependencies:
 *
 *     deno run --allow-read --allow-env --no-lock --node-modules-dir=none bench/peers/jax_js_peer.ts --workload FILE --threads 2
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { decodeSafetensors } from "../../src/model/safetensors.ts";
import { medianMs } from "../figure.ts";
import type { PeerReport } from "./peer.ts";
import type { WorkloadConfig } from "./workload.ts";

const PACKAGE = "npm:@jax-js/jax@0.1.25";

/** An array of jax-js. A function uses up what it is given; `ref` keeps it for one more use. */
interface Jax {
  readonly ref: Jax;
  readonly shape: number[];
  add(other: Jax | number): Jax;
  sub(other: Jax | number): Jax;
  mul(other: Jax | number): Jax;
  div(other: Jax | number): Jax;
  reshape(shape: number[]): Jax;
  slice(...index: (number | [number, number] | [])[]): Jax;
  transpose(order?: number[]): Jax;
  data(): Promise<Float32Array>;
  dispose(): void;
}

type Tree = Record<string, Jax>;

// deno-lint-ignore no-explicit-any -- the type checker does not see the package
type Library = any;

if (import.meta.main) {
  console.log(JSON.stringify(await measure(Deno.args)));
  // Its helpers have no end of their own.
  Deno.exit();
}

async function measure(args: string[]): Promise<PeerReport> {
  const { workload, threads, repeats } = parseArgs(args, { string: ["workload", "threads", "repeats"] });
  // The number of its helpers is that of the processor's cores, as this property says, and no setting of its own.
  Object.defineProperty(navigator, "hardwareConcurrency", { value: Number(threads ?? 1) });
  let jax: Library;
  try {
    jax = await import(PACKAGE);
    await jax.init("wasm");
    jax.defaultDevice("wasm");
  } catch (error) {
    return { skipped: `${PACKAGE}: ${(error as Error).message.split("\n")[0]}` };
  }
  const path = String(workload);
  const file = decodeSafetensors(await Deno.readFile(path), path);
  const config: WorkloadConfig = JSON.parse(file.metadata.config!);
  const { numpy: np } = jax;
  const upload = (name: string): Jax => {
    const { shape, data } = file.tensors.get(name)!;
    return np.array(data).reshape([...shape]);
  };
  const names = [...file.tensors.keys()].filter((name) => name.startsWith("train."));
  let parameters: Tree = Object.fromEntries(names.map((name) => [name.slice("train.".length), upload(name)]));
  const zeros = (): Tree =>
    Object.fromEntries(names.map((name) => [name.slice(6), np.zeros([...file.tensors.get(name)!.shape])]));
  let first = zeros(), second = zeros(), step = 0;
  const tokens = upload("tokens").reshape([config.batch * config.positions]), targets = upload("targets");
  const update = jax.jit(trainingStep(jax, config));
  const train = async () => {
    step++;
    const warm = config.warmupSteps,
      rate = step < warm
        ? config.learningRate * step / warm
        : config.learningRate * (1 + Math.cos(Math.PI * (step - warm) / (config.totalSteps - warm))) / 2;
    const scalars = [rate, 1 / (1 - 0.9 ** step), 1 / (1 - 0.999 ** step)].map((value) =>
      np.array(new Float32Array([value])).reshape([])
    );
    const [loss, norm, ...next] = update(parameters, first, second, tokens.ref, targets.ref, ...scalars);
    [parameters, first, second] = next;
    const value = (await loss.data())[0]!;
    await norm.data();
    await jax.blockUntilReady(parameters);
    return value;
  };
  const losses: number[] = [];
  while (losses.length < config.checkedSteps) losses.push(await train());
  const square: Jax = np.array(Float32Array.from({ length: 512 * 512 }, (_, i) => Math.sin(i))).reshape([
    512,
    512,
  ]);
  const product = jax.jit((a: Jax) => np.matmul(a.ref, a));
  const ms = await medianMs({
    products: async () => {
      const all: Jax[] = Array.from({ length: 10 }, () => product(square.ref));
      await jax.blockUntilReady(all);
      for (const one of all) one.dispose();
    },
    train,
  }, { repeats: Number(repeats ?? 5), warmUps: config.warmUps });
  return {
    losses,
    rows: [{
      name: `jax-js ${PACKAGE.split("@").at(-1)}`,
      device: "wasm",
      threads: Number(threads ?? 1),
      matmulGflops: 10 * 2 * 512 ** 3 / ms.products / 1e6,
      trainMs: ms.train,
      skipped: "rollout: not written for jax-js",
    }],
  };
}

/** Loss, gradients, clipping and AdamW as one function of arrays. */
function trainingStep(jax: Library, c: WorkloadConfig) {
  const { numpy: np, tree } = jax;
  const lossOf = lossFunction(jax, c);
  return (
    parameters: Tree,
    first: Tree,
    second: Tree,
    tokens: Jax,
    targets: Jax,
    rate: Jax,
    toFirst: Jax,
    toSecond: Jax,
  ) => {
    const [loss, gradients] = jax.valueAndGrad(lossOf)(tree.ref(parameters), tokens, targets) as [Jax, Tree];
    const squares = Object.values(gradients).map((g) => np.sum(np.square(g.ref)) as Jax);
    const norm: Jax = np.sqrt(squares.reduce((sum, square) => sum.add(square)));
    const factor: Jax = np.minimum(np.reciprocal(norm.ref).mul(c.clipNorm), 1);
    const next: [Tree, Tree, Tree] = [{}, {}, {}];
    for (const [name, p] of Object.entries(parameters)) {
      const g = gradients[name]!.mul(factor.ref);
      const m = first[name]!.mul(0.9).add(g.ref.mul(0.1));
      const v = second[name]!.mul(0.999).add((np.square(g) as Jax).mul(0.001));
      const adam = m.ref.mul(toFirst.ref).div((np.sqrt(v.ref.mul(toSecond.ref)) as Jax).add(1e-8));
      const change = p.shape.length >= 2 ? adam.add(p.ref.mul(c.weightDecay)) : adam;
      next[0][name] = p.sub(change.mul(rate.ref));
      next[1][name] = m;
      next[2][name] = v;
    }
    for (const used of [factor, rate, toFirst, toSecond]) used.dispose();
    return [loss, norm, ...next];
  };
}

/** Mean cross-entropy over the catalog at every position, in nats. */
function lossFunction(jax: Library, c: WorkloadConfig) {
  const { numpy: np, nn } = jax;
  const head = c.width / c.heads, half = head / 2, positions = c.batch * c.positions;
  const angles = (turn: (angle: number) => number): Jax =>
    np.array(Float32Array.from(
      { length: c.positions * half },
      (_, i) => turn(Math.floor(i / half) * c.ropeBase ** (-(i % half) / half)),
    )).reshape([1, c.positions, 1, half]);
  const cos = angles(Math.cos), sin = angles(Math.sin);

  const normalise = (x: Jax, weight: Jax): Jax => {
    const square = (np.mean(np.square(x.ref), -1, { keepdims: true }) as Jax).add(c.normEpsilon);
    return x.mul(np.reciprocal(np.sqrt(square))).mul(weight);
  };
  const rotate = (x: Jax): Jax => {
    const a = x.ref.slice([], [], [], [0, half]), b = x.slice([], [], [], [half, head]);
    return np.concatenate([
      a.ref.mul(cos.ref).sub(b.ref.mul(sin.ref)),
      b.mul(cos.ref).add(a.mul(sin.ref)),
    ], -1);
  };

  return (parameters: Tree, tokens: Jax, targets: Jax): Jax => {
    const { embedding, norm, ...layers } = parameters as { embedding: Jax; norm: Jax } & Tree;
    let x: Jax = np.take(embedding.ref, tokens, 0);
    for (let layer = 0; layer < c.layers; layer++) {
      const weight = (name: string) => layers[`layers.${layer}.${name}`]!;
      const qkv: Jax = (np.matmul(normalise(x.ref, weight("attentionNorm")), weight("qkv")) as Jax)
        .reshape([c.batch, c.positions, c.heads + 2 * c.kvHeads, head]);
      const [kFrom, vFrom, end] = [c.heads, c.heads + c.kvHeads, c.heads + 2 * c.kvHeads];
      const mixed: Jax = nn.dotProductAttention(
        rotate(qkv.ref.slice([], [], [0, kFrom])),
        rotate(qkv.ref.slice([], [], [kFrom, vFrom])),
        qkv.slice([], [], [vFrom, end]),
        { isCausal: true },
      );
      x = x.add(np.matmul(mixed.reshape([positions, c.width]), weight("attentionOut")));
      const gateUp: Jax = np.matmul(normalise(x.ref, weight("feedForwardNorm")), weight("gateUp"));
      const gate: Jax = nn.silu(gateUp.ref.slice([], [0, c.hidden]));
      x = x.add(np.matmul(gate.mul(gateUp.slice([], [c.hidden, 2 * c.hidden])), weight("down")));
    }
    const items = embedding.slice([0, c.items]);
    const scores: Jax = np.matmul(normalise(x, norm), items.transpose());
    const chosen: Jax = np.takeAlongAxis(scores.ref, targets.reshape([positions, 1]), 1);
    return np.mean((nn.logsumexp(scores, -1, { keepdims: true }) as Jax).sub(chosen));
  };
}
