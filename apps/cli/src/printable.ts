// oxlint-disable-next-line no-control-regex -- taking them out is the purpose
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** Text of other programs without what a terminal would obey: escape sequences in a host's words stay words. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, '\ufffd')
}
