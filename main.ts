/**
 * The command line of blade: parses the arguments, calls one command, sets the exit code.
 *
 * @module
 */
import { runCommandLine } from "./src/cli/command_line.ts";
import { processIo } from "./src/cli/io.ts";

if (import.meta.main) Deno.exit(await runCommandLine(Deno.args, processIo()));
