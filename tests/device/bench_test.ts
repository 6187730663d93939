import { assertAlmostEquals, assertEquals } from "@std/assert";
import { medianMs } from "../../bench/figure.ts";
import { trainingFlops } from "../../bench/flops.ts";
import { plainDecoder } from "../../src/model/config.ts";
import { comparison, merge } from "../../bench/peers/table.ts";

Deno.test("a training step's operations are three times those of its matrix products, counted by hand", () => {
  const config = plainDecoder({
    vocabulary: 2001,
    layers: 4,
    width: 128,
    heads: 4,
    kvHeads: 2,
    hidden: 344,
    ropeBase: 10_000,
    marksPicks: false,
    normEpsilon: 1e-5,
  });
  // Per token: 4 layers of 128·256 (queries, keys, values) + 128·128 + 3·128·344, and the scores 128·2000.
  const weights = 4 * (32_768 + 16_384 + 132_096) + 256_000;
  const attention = 4 * 2 * 32 * 128;
  assertEquals(
    trainingFlops(config, { tokens: 1024, keys: 32, scored: 1024, items: 2000 }),
    3 * 2 * 1024 * (weights + attention),
  );
});

Deno.test("medianMs() takes turns and leaves the warm-ups out", async () => {
  const order: string[] = [];
  const ms = await medianMs({
    slow: () =>
      new Promise((resolve) => (order.push("slow"), setTimeout(resolve, order.length === 1 ? 200 : 20))),
    quick: () => Promise.resolve(order.push("quick")),
  }, { repeats: 3, warmUps: 1 });
  assertEquals(order, ["slow", "quick", "slow", "quick", "slow", "quick", "slow", "quick"]);
  assertAlmostEquals(ms.slow, 25, 15);
});

Deno.test("a peer's rounds become medians, and its time a multiple of PyTorch's better number of threads", () => {
  const row = (name: string, threads: number, trainMs: number) => ({
    name,
    device: "cpu",
    threads,
    matmulGflops: 10,
    trainMs,
  });
  const rows = merge([
    row("PyTorch 2.0", 1, 90),
    row("PyTorch 2.0", 2, 50),
    row("PyTorch 2.0, another way", 1, 1),
    row("blade", 1, 70),
    row("blade", 1, 80),
    row("blade", 1, 75),
  ]);
  assertEquals(rows.map(({ trainMs }) => trainMs), [90, 50, 1, 75]);
  const { trainGflops, trainShare, trainRatio, tokensPerSecond, rolloutRatio } = comparison(rows[3]!, {
    train: 300e6,
    rollout: 1,
    tokens: 600,
  }, rows);
  // 300 million operations in 75 ms are 4 GF/s, of 10; 75 ms are 1.5 times 50; 600 positions in 75 ms are 8000 a second.
  assertEquals([trainGflops, trainShare, trainRatio, tokensPerSecond, rolloutRatio], [
    4,
    0.4,
    1.5,
    8000,
    undefined,
  ]);
});
