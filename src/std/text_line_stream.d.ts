/** Splits a stream of text into lines, `\n` or `\r\n`. */
export class TextLineStream extends TransformStream<string, string> {
  constructor(options?: { allowCR?: boolean });
}
