import * as tf from "@tensorflow/tfjs-core";
import type { WebgpuBackend } from "./backend_internals.ts";
import { failuresOf } from "./failures.ts";

/**
 * A WGSL kernel of several outputs, of which some may be tensors that it changes in place. Its arrays are flat, in the
 * order inputs, updates, outputs; at most eight of them, what every device has.
 */
export interface GpuKernel {
  /** Names the compiled shader: unique for the code, numbers written into it included. */
  readonly key: string;
  /** Arrays that it reads, by name and element type, e.g. "tokens: i32". */
  readonly inputs: readonly string[];
  /** Arrays that it changes in place. */
  readonly updates?: readonly string[];
  /** Arrays that it writes. */
  readonly outputs?: readonly string[];
  /** Numbers given at each call, e.g. "rows: u32", "scale: f32"; seen as `uniforms.rows`. */
  readonly uniforms?: readonly string[];
  /** Invocations that work on a unit together. */
  readonly lanes: number;
  /** WGSL with `fn run(unit: u32, lane: u32)`, called by every lane of every unit; barriers are allowed in it. */
  readonly code: string;
}

/** One call of a kernel. */
export interface GpuCall {
  readonly inputs: readonly tf.TensorInfo[];
  readonly updates?: readonly tf.TensorInfo[];
  /** Shapes of the outputs; float32 unless the kernel declares i32. */
  readonly outputs?: readonly number[][];
  readonly uniforms?: readonly number[];
  /** Workgroups: parts of the work. */
  readonly units: number;
}

/** Kernels by the name that tfjs runs them under. */
export type GpuKernels = Readonly<
  Record<
    string,
    (
      backend: WebgpuBackend,
      inputs: Readonly<Record<string, tf.TensorInfo>>,
      attributes: Readonly<Record<string, number>>,
    ) => tf.TensorInfo[]
  >
>;

/** A kernel of tfjs that one here replaces, for the cases that it leaves to it. */
export type OldKernel = (
  inputs: Readonly<Record<string, tf.TensorInfo>>,
  attributes: Readonly<Record<string, number>>,
) => tf.TensorInfo[];

/** The least that every WebGPU device allows in one dimension. */
const MOST_GROUPS = 65535;

/** Compiled shaders by device and key. */
const pipelines = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

/** Runs a kernel; the outputs are the caller's to dispose of. */
export function runGpuKernel(backend: WebgpuBackend, kernel: GpuKernel, call: GpuCall): tf.TensorInfo[] {
  const { updates = [], outputs = [], uniforms = [], units } = call;
  const made = outputs.map((shape, i) =>
    backend.makeTensorInfo(shape, typeOf(kernel.outputs![i]!) === "i32" ? "int32" : "float32")
  );
  if (units === 0) return made;
  const tensors = [...call.inputs, ...updates, ...made];
  for (const { dataId } of tensors) backend.uploadToGPU(dataId);
  const numbers = backend.makeUniforms([
    { type: "uint32", data: [units] },
    ...uniforms.map((value, i) => ({ type: UNIFORM_TYPES[typeOf(kernel.uniforms![i]!)]!, data: [value] })),
  ]);
  const pipeline = pipelineOf(backend.device, kernel);
  const bindGroup = backend.device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [...tensors.map((tensor) => backend.tensorToBinding(tensor)), numbers].map((
      resource,
      binding,
    ) => ({ binding, resource })),
  });
  for (const { dataId } of updates) {
    const data = backend.tensorMap.get(dataId);
    data.values = null;
    backend.onUpdate?.(data.resource!);
  }
  for (const { dataId } of tensors) backend.commandQueueOwnedIds.add(dataId);
  backend.ensureCommandEncoderReady();
  backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass();
  const pass = backend.computePassEncoder;
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  const x = Math.min(units, MOST_GROUPS);
  pass.dispatchWorkgroups(x, Math.ceil(units / x));
  backend.dispatchCountInPass++;
  if (backend.dispatchCountInPass >= (tf.env().get("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE") as number)) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  return made;
}

const UNIFORM_TYPES: Readonly<Record<string, string>> = { u32: "uint32", i32: "int32", f32: "float32" };

function typeOf(declaration: string): string {
  return declaration.split(":")[1]!.trim();
}

function pipelineOf(device: GPUDevice, kernel: GpuKernel): GPUComputePipeline {
  const compiled = pipelines.get(device) ?? new Map<string, GPUComputePipeline>();
  pipelines.set(device, compiled);
  let pipeline = compiled.get(kernel.key);
  if (pipeline === undefined) {
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ code: shaderOf(kernel), label: kernel.key });
    pipeline = device.createComputePipeline({
      label: kernel.key,
      layout: "auto",
      compute: { module, entryPoint: "main" },
    });
    void device.popErrorScope().then((error) => {
      if (error) failuresOf(device).add(`kernel ${kernel.key}: ${error.message}`);
    });
    compiled.set(kernel.key, pipeline);
  }
  return pipeline;
}

function shaderOf({ inputs, updates = [], outputs = [], uniforms = [], lanes, code }: GpuKernel): string {
  const written = [...updates, ...outputs];
  const arrays = [...inputs, ...written].map((declaration, i) => {
    const access = i < inputs.length ? "read" : "read_write";
    const name = declaration.split(":")[0]!.trim();
    return `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${typeOf(declaration)}>;`;
  });
  return `
${arrays.join("\n")}
struct Uniforms { units: u32, ${uniforms.map((declaration) => `${declaration},`).join(" ")} }
@group(0) @binding(${arrays.length}) var<uniform> uniforms: Uniforms;
const LANES = ${lanes}u;
${code}
@compute @workgroup_size(${lanes})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let unit = group.y * groups.x + group.x;
  if (unit < uniforms.units) { run(unit, lane); }
}`;
}
