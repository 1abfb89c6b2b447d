/** What the log may know of a request: a query can hold credentials (`connectionParams`) and inputs. */
export function loggedRequest({ method, url }: { readonly method?: string; readonly url?: string }) {
  return { method, path: url?.split('?', 1)[0] };
}
