import type { MigrationEvent } from '@vmferry/core'

/** What one event puts on the screen. */
export interface Frame {
  /** Lines that stay. */
  readonly lines: readonly string[]
  /** The line that the next frame replaces; absent: none. It fits the columns of the screen. */
  readonly live?: string
}

/** Draws the events of one migration, in their order. It holds what it needs of earlier events, and touches nothing. */
export type View = (event: MigrationEvent) => Frame

/** Marks a text with a format of `util.styleText`, or leaves it as it is. */
export type Style = (format: 'bold' | 'dim' | 'green' | 'yellow' | 'red', text: string) => string

/** No colours. */
export const unstyled: Style = (_format, text) => text
