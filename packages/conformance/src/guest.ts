/** The guest that every case moves. */
export const GUEST = 'web1'
