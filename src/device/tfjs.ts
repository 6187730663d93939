/**
 * What the name `@tensorflow/tfjs` means in this project: the core, plus the gradients that the decoder and the
 * losses need.
 *
 * The union package of that name installs 327 MB (a layers API, converters, data pipelines, a WebGL backend) of which
 * nothing here is used; core and the three backends are 85 MB. Core alone registers *no* gradients, so `gradients.ts`
 * does. Backends are not imported here: `openDevice` loads the one that is asked for.
 *
 * `export *` is core's own surface, so types such as `tf.Tensor` keep their names. Chained methods (`x.add(y)`) are not
 * installed; call `tf.add(x, y)`.
 *
 * @example
 * ```ts
 * import * as tf from "./tfjs.ts";
 * import { assert } from "@std/assert";
 * assert(tf.getGradient("BatchMatMul") !== undefined);
 * ```
 *
 * @module
 */
import { env } from "@tensorflow/tfjs-core";
import { registerGradients } from "./gradients.ts";

// The cpu backend greets with a banner unless this is set before it loads.
env().set("PROD", true);
registerGradients();

export * from "@tensorflow/tfjs-core";
