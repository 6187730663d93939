import { basename, join, resolve } from "@std/path";
import type { SystemName } from "../core/results.ts";
import type { Device } from "../device/open_device.ts";
import { VERSION as TFJS_VERSION } from "../device/version.ts";
import { parameterCount } from "../model/parameters.ts";
import { codeCommit } from "../report/code_commit.ts";
import { readEvents } from "../report/event_log.ts";
import { describeArtifacts, type RunManifest, writeManifest } from "../report/manifest.ts";
import { modelCard } from "../report/model_card.ts";
import { programFolder } from "../report/program_folder.ts";
import { reportHtml } from "../report/report_html.ts";
import { RUN_FILES, writeAtomically } from "../report/run_folder.ts";
import { type ListRow, type PerUserRow, writeLists, writePerUser } from "../report/tables.ts";
import type { Model } from "../train/model.ts";
import type { SystemsEvaluation } from "../train/systems.ts";
import type { Materials } from "./materials.ts";
import type { BladeConfig } from "./schema.ts";

/** What a finished run is described by. */
export interface RunRecord {
  readonly config: BladeConfig;
  readonly materials: Materials;
  readonly model: Model;
  readonly device: Device;
  readonly evaluation: SystemsEvaluation;
  readonly warnings: readonly string[];
  readonly startedAt: Date;
  /** `performance.now()` at the start: the clock of the day may be set while a run goes on. */
  readonly startMs: number;
  readonly runFolder: string;
}

/** Writes lists, values per user, model card and report, and last the manifest: a folder with one is a finished run. */
export async function writeRunRecord(record: RunRecord): Promise<void> {
  const { runFolder, materials, config, model } = record;
  const path = (name: string) => join(runFolder, name);
  const shown: SystemName = record.evaluation.lists.has("aligned") ? "aligned" : "reference";
  await writeLists(path(RUN_FILES.lists), listRows(record, shown));
  await writePerUser(path(RUN_FILES.perUser), perUserRows(record));
  const manifest = await manifestOf(record);
  const { dataset } = materials;
  const named = { title: nameOf(runFolder), dataName: config.data.name ?? dataset.name };
  await writeAtomically(
    path(RUN_FILES.modelCard),
    modelCard(manifest, {
      ...named,
      users: dataset.users.length,
      items: dataset.catalog.ids.length,
      interactions: dataset.log.items.length,
      dataLicence: config.data.licence ?? null,
      parameters: parameterCount(model.config),
    }),
  );
  await writeAtomically(
    path(RUN_FILES.report),
    reportHtml(manifest, await readEvents(path(RUN_FILES.events)), named),
  );
  await writeManifest(runFolder, { ...manifest, artifacts: await describeArtifacts(runFolder) });
}

async function manifestOf(
  { config, materials, device, evaluation, warnings, startedAt, startMs, runFolder }: RunRecord,
) {
  const plugins = [...materials.terms.map(({ metric }) => metric), ...materials.metrics]
    .filter(({ source }) => source.sha256 !== undefined)
    .map(({ source }) => [source.specifier, { spec: source.specifier, sha256: source.sha256! }] as const);
  const program = programFolder();
  const manifest: RunManifest = {
    schemaVersion: 1,
    runId: `${nameOf(runFolder)}-${crypto.randomUUID().slice(0, 8)}`,
    startedAt: startedAt.toISOString(),
    durationMs: Math.round(performance.now() - startMs),
    outcome: "completed",
    seed: config.seed,
    config,
    commit: program === null ? null : await codeCommit(program),
    place: { runFolder: resolve(runFolder), program },
    runtime: {
      deno: Deno.version.deno,
      tfjs: TFJS_VERSION,
      backend: device.backend,
      adapter: device.adapter,
      threads: device.threads,
      platform: Deno.build.target,
    },
    data: materials.files,
    plugins: [...new Map(plugins).values()],
    results: evaluation.results,
    warnings,
    artifacts: [],
  };
  return manifest;
}

/** A run is called as its folder is, which has the configuration's name unless the user chose another. */
function nameOf(runFolder: string): string {
  return basename(resolve(runFolder));
}

function* listRows({ materials, evaluation }: RunRecord, system: SystemName): Generator<ListRow> {
  const { items, scores } = evaluation.lists.get(system) ?? { items: new Int32Array(0) };
  const { users, catalog } = materials.dataset;
  const { contexts } = materials.split.test;
  const cutoff = items.length / Math.max(1, contexts.length);
  for (let at = 0; at < items.length; at++) {
    if (items[at]! < 0) continue;
    yield {
      user: users[contexts[Math.floor(at / cutoff)]!.user]!,
      item: catalog.ids[items[at]!]!,
      rank: at % cutoff + 1,
      score: scores?.[at] ?? 0,
    };
  }
}

function* perUserRows({ materials, evaluation }: RunRecord): Generator<PerUserRow> {
  const { users } = materials.dataset;
  for (const [system, byMetric] of evaluation.perContext) {
    for (const [metric, values] of byMetric) {
      for (const [row, value] of values.entries()) {
        const user = users[materials.split.test.contexts[row]!.user]!;
        yield { user, system, metric, value: Number.isNaN(value) ? null : value };
      }
    }
  }
}
