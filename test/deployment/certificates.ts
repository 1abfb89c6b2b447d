import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import forge from 'node-forge';

/** Files of a certificate authority, and of a certificate and key that it has signed for a server and for a client. */
export type Certificates = {
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
};

const dayMs = 24 * 60 * 60 * 1_000;

/** Makes certificates into a folder. @param serverName the DNS name of the server's */
export async function makeCertificates(
  folder: string,
  name: string,
  serverName: string,
): Promise<Certificates> {
  const authority = makeKeys();
  const ca = certificate(`${name} authority`, authority, [{ name: 'basicConstraints', cA: true }]);
  ca.sign(authority.privateKey, forge.md.sha256.create());
  const write = async (file: string, text: string) => {
    const path = join(folder, `${name}-${file}.pem`);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  const signed = async (role: string, extensions: object[]) => {
    const keys = makeKeys();
    const cert = certificate(`${name} ${role}`, keys, extensions);
    cert.setIssuer(ca.subject.attributes);
    cert.sign(authority.privateKey, forge.md.sha256.create());
    return {
      cert: await write(role, forge.pki.certificateToPem(cert)),
      key: await write(`${role}-key`, forge.pki.privateKeyToPem(keys.privateKey)),
    };
  };
  return {
    ca: await write('ca', forge.pki.certificateToPem(ca)),
    server: await signed('server', [
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: serverName }] },
    ]),
    client: await signed('client', [
      { name: 'extKeyUsage', clientAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'client.example' }] },
    ]),
  };
}

/** Made by Node: the library's own way of finding primes takes seconds. */
function makeKeys(): forge.pki.rsa.KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  return {
    privateKey: forge.pki.privateKeyFromPem(privateKey),
    publicKey: forge.pki.publicKeyFromPem(publicKey),
  };
}

let serial = 0;
function certificate(commonName: string, keys: forge.pki.rsa.KeyPair, extensions: object[]) {
  serial += 1;
  const cert = forge.pki.createCertificate();
  cert.publicKey = keys.publicKey;
  cert.serialNumber = `0${serial}`;
  cert.validity.notBefore = new Date(Date.now() - dayMs);
  cert.validity.notAfter = new Date(Date.now() + dayMs);
  const subject = [{ name: 'commonName', value: commonName }];
  cert.setSubject(subject);
  cert.setIssuer(subject);
  cert.setExtensions(extensions);
  return cert;
}
