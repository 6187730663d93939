import deno from "../../deno.json" with { type: "json" };
import { BladeError, EXIT } from "../core/errors.ts";
import type { MemoryReport } from "../config/run_api.ts";
import { TABLE_WIDTH, textTable } from "../report/table.ts";
import type { Command, CommandInput } from "./command.ts";
import { CONFIG_FLAGS, configOf } from "./config_flags.ts";
import { memoryRows } from "./doctor_memory.ts";
import { type Io, printJson } from "./io.ts";

/** `blade doctor`: what this machine offers, which permissions are missing for it, and whether a run would fit. */
export const doctorCommand: Command = {
  name: "doctor",
  summary: "Versions, devices, memory and permissions of this machine.",
  positionals: [],
  flags: [
    { name: "config", value: "FILE", summary: "estimate the device memory of a run by this configuration" },
    ...CONFIG_FLAGS,
    { name: "json", summary: "print one JSON document" },
  ],
  examples: [
    { line: "doctor", about: "before asking for help" },
    {
      line: "doctor --config configs/quickstart.jsonc --set align.batch=256",
      about: "what memory a run would take, part by part, and whether it fits",
    },
  ],
  async run(input, io) {
    const path = input.flags.text("config");
    if (path === undefined) refuseSettings(input);
    const config = path === undefined ? null : await configOf(input, path);
    const report = await examine();
    const memory = config && await (await io.runApi()).examineMemory(config, usable(report));
    if (input.flags.has("json")) printJson(io, memory === null ? report : { ...report, memory });
    else printReport(io, report, path, memory);
    return EXIT.ok;
  },
};

/** Flags that change a configuration say nothing without one. */
function refuseSettings(input: CommandInput): void {
  const given = CONFIG_FLAGS.find(({ name }) => input.flags.has(name));
  if (given === undefined) return;
  throw new BladeError({
    place: `--${given.name}`,
    rule: "needs a configuration that it changes",
    mend: `blade doctor --config FILE --${given.name} …`,
  });
}

function usable({ devices }: DoctorReport) {
  return (["webgpu", "native", "wasm"] as const).filter((name) =>
    devices.some(({ device, usable }) => usable && device === name)
  );
}

function printReport(
  io: Io,
  report: DoctorReport,
  path: string | undefined,
  memory: MemoryReport | null,
): void {
  io.out(shown(report));
  if (memory === null) return;
  io.out(section(`Memory of ${path}`, memoryRows(memory, report.machine.memory?.availableBytes ?? null)));
}

interface DoctorReport {
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: { readonly os: string; readonly cores: number; readonly memory: MemoryBytes | null };
  readonly devices: readonly DeviceFact[];
  readonly permissions: readonly PermissionFact[];
}

interface MemoryBytes {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

interface DeviceFact {
  readonly device: string;
  readonly usable: boolean;
  readonly detail: string;
}

interface PermissionFact {
  readonly permission: string;
  readonly state: string;
  /** What it is needed for. */
  readonly purpose: string;
}

async function examine(): Promise<DoctorReport> {
  return {
    versions: {
      blade: deno.version,
      deno: Deno.version.deno,
      v8: Deno.version.v8,
      tfjs: versionOf(deno.imports["@tensorflow/tfjs-core"]),
    },
    machine: {
      os: `${Deno.build.os} ${Deno.build.arch}`,
      cores: navigator.hardwareConcurrency,
      memory: await memory(),
    },
    devices: await devices(),
    permissions: await permissions(),
  };
}

/** Opens each device in turn; the last line tells which one `auto` takes. */
async function devices(): Promise<DeviceFact[]> {
  const { closeDevice, openDevice } = await import("../device/open_device.ts");
  const facts: DeviceFact[] = [];
  for (const name of ["webgpu", "native", "wasm", "cpu", "auto"] as const) {
    try {
      const { backend, adapter, threads, why } = await openDevice({ device: name });
      const chosen = name === "auto" ? `takes ${backend}, ` : "";
      // That it was asked for says nothing here: every device is.
      const reason = why.replace(/^asked for(; )?/, "");
      const detail = `${chosen}${adapter}, ${threads} ${threads === 1 ? "thread" : "threads"}` +
        (reason === "" ? "" : `; ${reason}`);
      facts.push({ device: name, usable: true, detail });
    } catch (error) {
      if (!(error instanceof BladeError)) throw error;
      const { rule, value, mend } = error.refusal;
      const found = value === undefined || value === name ? "" : ` (${value})`;
      facts.push({ device: name, usable: false, detail: `${rule}${found}; ${mend}` });
    }
  }
  closeDevice();
  return facts;
}

async function memory(): Promise<MemoryBytes | null> {
  const { state } = await Deno.permissions.query({ name: "sys", kind: "systemMemoryInfo" });
  if (state !== "granted") return null;
  const { total, available } = Deno.systemMemoryInfo();
  return { totalBytes: total, availableBytes: available };
}

async function permissions(): Promise<PermissionFact[]> {
  const asked: [Deno.PermissionDescriptor, string][] = [
    [{ name: "read", path: "." }, "reads data and configurations"],
    [{ name: "write", path: "runs" }, "writes run folders under ./runs; elsewhere --allow-write=DIR"],
    [await ffi(), "only the device `native` needs it: -P=native"],
    [{ name: "run", command: Deno.execPath() }, "only plugins from elsewhere need it: --allow-run=deno"],
    [{ name: "net" }, "only plugins from https: need it: --allow-net=HOST"],
  ];
  return await Promise.all(asked.map(async ([descriptor, purpose]) => ({
    permission: descriptor.name,
    state: (await Deno.permissions.query(descriptor)).state,
    purpose,
  })));
}

/** Leave for one library that there may be is leave enough. */
async function ffi(): Promise<Deno.PermissionDescriptor> {
  const { blasPlaces, isBareName } = await import("../device/native/blas_places.ts");
  const paths = blasPlaces().map(({ path }) => path).filter((path) => !isBareName(path));
  const descriptors = paths.map((path) => ({ name: "ffi", path }) as const);
  const states = await Promise.all(descriptors.map((descriptor) => Deno.permissions.query(descriptor)));
  return descriptors.find((_, at) => states[at]!.state === "granted") ?? { name: "ffi" };
}

function versionOf(specifier: string): string {
  return specifier.slice(specifier.lastIndexOf("@") + 1);
}

function shown(report: DoctorReport): string {
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const { os, cores, memory: bytes } = report.machine;
  const free = bytes === null
    ? "memory unknown"
    : `${gib(bytes.availableBytes)} of ${gib(bytes.totalBytes)} free`;
  return [
    section("Versions", Object.entries(report.versions)),
    section("Machine", [[os, `${cores} cores, ${free}`]]),
    section(
      "Devices",
      report.devices.map(({ device, usable, detail }) => [
        device,
        usable ? `usable: ${detail}` : `not usable: ${detail}`,
      ]),
    ),
    section(
      "Permissions",
      report.permissions.map((fact) => [fact.permission, `${fact.state}: ${fact.purpose}`]),
    ),
  ].join("");
}

function section(title: string, facts: readonly (readonly [string, string])[]): string {
  const rows = facts.map(([name, value]) => [`  ${name.padEnd(12)}`, value]);
  return `${title}\n${
    textTable(["", ""], rows, ["left", "left"], TABLE_WIDTH).split("\n").slice(2).join("\n")
  }`;
}
