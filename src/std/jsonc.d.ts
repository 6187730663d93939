/** JSON with comments and trailing commas, parsed. Throws `SyntaxError`. */
export function parse(text: string): unknown;
