import type { Wish } from './wish.ts'

/** What the template is called, in all its forms; the longest first. */
const FORMS = /vmferry-driver-acme|acme|Acme|ACME/g

/** A text or a file's name of the template, as the wish has it. */
export function renamed(text: string, { name, scheme }: Pick<Wish, 'name' | 'scheme'>): string {
  const forms: Readonly<Record<string, string>> = {
    'vmferry-driver-acme': name,
    acme: scheme,
    Acme: scheme.charAt(0).toUpperCase() + scheme.slice(1),
    ACME: scheme.toUpperCase(),
  }
  return text.replace(FORMS, (form) => forms[form] ?? form)
}
