// @ts-check
// The join ticket: what the site that this page belongs to has signed for whoever plays here.
//
// It is read anew for each connection, for one that has expired may have been renewed. Nothing here puts
// one there. Used by connection.js.

/** The ticket; null for a guest. */
export function ticket() {
  try {
    return sessionStorage.getItem("tickwire-ticket");
  } catch {
    return null; // Without storage everybody is a guest.
  }
}
