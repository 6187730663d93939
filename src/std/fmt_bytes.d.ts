export interface FormatOptions {
  bits?: boolean;
  binary?: boolean;
  signed?: boolean;
  locale?: boolean | string | string[];
  minimumFractionDigits?: number;
  maximumFractionDigits?: number;
}
/** Bytes in human units: `1.34 kB`. */
export function format(num: number, options?: FormatOptions): string;
