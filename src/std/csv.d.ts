/** The part of `@std/csv` that the readers and writers use. */
export interface ParseOptions {
  separator?: string;
  comment?: string;
  trimLeadingSpace?: boolean;
  lazyQuotes?: boolean;
  fieldsPerRecord?: number;
  skipFirstRow?: boolean;
  columns?: readonly string[];
}
export function parse(
  text: string,
  options:
    & ParseOptions
    & ({ skipFirstRow: true } | { columns: readonly string[] }),
): Record<string, string>[];
export function parse(text: string, options?: ParseOptions): string[][];
export class CsvParseStream<T = string[]> extends TransformStream<string, T> {
  constructor(options?: ParseOptions);
}
export type DataItem = readonly unknown[] | Readonly<Record<string, unknown>>;
export interface StringifyOptions {
  separator?: string;
  headers?: boolean;
  columns?: readonly (string | readonly string[])[];
  bom?: boolean;
  quote?: boolean;
}
export function stringify(
  data: readonly DataItem[],
  options?: StringifyOptions,
): string;
export class CsvStringifyStream extends TransformStream<DataItem, string> {
  constructor(options?: { separator?: string; columns?: readonly string[] });
}
