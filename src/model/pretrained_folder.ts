export function pretrainedFolder(
  spec: string,
  _o: object,
): Promise<{ folder: string; revision: string | null }> {
  return Promise.resolve({ folder: spec, revision: null });
}
