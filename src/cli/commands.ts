import type { Command } from "./command.ts";
import { compareCommand } from "./compare.ts";
import { configSchemaCommand } from "./config.ts";
import { dataInspectCommand } from "./data.ts";
import { doctorCommand } from "./doctor.ts";
import { evaluateCommand } from "./evaluate.ts";
import { experimentCommand } from "./experiment.ts";
import { exportCommand } from "./export.ts";
import { metricsListCommand, metricsShowCommand } from "./metrics.ts";
import { pluginCheckCommand } from "./plugin.ts";
import { pluginNewCommand } from "./plugin_new.ts";
import { recommendCommand } from "./recommend.ts";
import { trainCommand } from "./train.ts";
import { verifyCommand } from "./verify.ts";

/** Every command, in the order of the help. What computes is imported by a command when it runs. */
export const COMMANDS: readonly Command[] = [
  trainCommand,
  evaluateCommand,
  compareCommand,
  verifyCommand,
  recommendCommand,
  exportCommand,
  experimentCommand,
  metricsListCommand,
  metricsShowCommand,
  pluginNewCommand,
  pluginCheckCommand,
  dataInspectCommand,
  configSchemaCommand,
  doctorCommand,
];
