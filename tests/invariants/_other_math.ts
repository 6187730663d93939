/**
 * Loaded before the program: an engine whose own functions differ in the last bits, as those of another engine or of
 * another processor may. Whole results stay, as what is counted by them must.
 */
type NumberFunction = (...numbers: number[]) => number;
const functions = Math as unknown as Record<string, NumberFunction>;
const names = [
  "acos",
  "acosh",
  "asin",
  "asinh",
  "atan",
  "atan2",
  "atanh",
  "cbrt",
  "cos",
  "cosh",
  "exp",
  "expm1",
]
  .concat(["hypot", "log", "log10", "log1p", "log2", "pow", "sin", "sinh", "tan", "tanh"]);
for (const name of names) {
  const own = functions[name]!;
  functions[name] = (...numbers) => {
    const value = own(...numbers);
    return Number.isInteger(value) ? value : value * (1 + 2 ** -40);
  };
}
