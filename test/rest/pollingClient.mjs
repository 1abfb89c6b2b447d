/** What pollingClient.py does, for machines without Python. */
const [base, key, bot, document, pause] = process.argv.slice(2);

async function call(method, url, payload) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const response = await fetch(url, {
    method,
    headers,
    ...(payload === undefined ? {} : { body: JSON.stringify(payload) }),
  });
  const body = await response.json();
  console.log(JSON.stringify({ http: response.status, ...body }));
  return { response, body };
}

const { response } = await call('POST', `${base}/v1/bots/${bot}/actions/analyze-document`, {
  document_url: document,
});
if (response.status !== 202) throw new Error(`not accepted: ${response.status}`);
const statusUrl = base + response.headers.get('location');
for (;;) {
  const { body } = await call('GET', statusUrl);
  if (['COMPLETED', 'FAILED', 'CANCELED'].includes(body.status)) break;
  await new Promise(resolve => setTimeout(resolve, Number(pause) * 1_000));
}
