/** One step that may fail: what it says then, a line. */
export async function attempt(step: () => Promise<void>): Promise<string[]> {
  try {
    await step();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
