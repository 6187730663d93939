/** Version of tfjs in use. */
export { version_core as VERSION } from "@tensorflow/tfjs-core";
