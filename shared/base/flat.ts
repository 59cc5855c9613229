/**
 * A text that is kept, as one piece: V8 leaves what was put together as a tree of its parts, which
 * takes several times the memory, until somebody asks for a character.
 */
export function flat(text: string): string {
  text.charCodeAt(0);
  return text;
}
