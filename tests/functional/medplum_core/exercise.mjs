// Exercises a FHIR server with @medplum/core: node exercise.mjs BASE_URL. Ends with an error at the first surprise.
import assert from 'node:assert/strict';

globalThis.WebSocket ??= class {}; // which the module names as it loads, and Node 20 has not
const { MedplumClient, OperationOutcomeError } = await import('@medplum/core');

const base = new URL(process.argv[2]);
const client = new MedplumClient({ baseUrl: `${base.origin}/`, fhirUrlPath: base.pathname.slice(1), fetch, cacheTime: 0 });
const identifier = [{ system: 'urn:oid:1.2.250.1.213.1.4.10', value: '1' }];
const name = [{ family: 'Fictif', given: ['Essai'] }];
const patient = (members) => ({ resourceType: 'Patient', identifier, ...members });

async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof OperationOutcomeError, String(error));
    return error.outcome;
  }
  return assert.fail('nothing was refused');
}

const created = await client.createResource(patient({ active: true, name }));
const { id } = created;
assert.equal(created.meta.versionId, '1');
assert.deepEqual(await client.readResource('Patient', id), created);
assert.equal((await client.createResourceIfNoneExist(patient({}), `identifier=${identifier[0].system}|1`)).id, id);

const updated = await client.updateResource({ ...created, active: false });
assert.equal(updated.meta.versionId, '2');
assert.equal((await client.patchResource('Patient', id, [{ op: 'add', path: '/language', value: 'fr' }])).language, 'fr');
const upserted = await client.upsertResource(patient({ birthDate: '1980', name }), { identifier: `${identifier[0].system}|1` });
assert.deepEqual([upserted.id, upserted.meta.versionId], [id, '4']);
assert.deepEqual(await client.readVersion('Patient', id, '1'), created);
assert.equal((await client.readHistory('Patient', id)).entry.length, 4);
assert.deepEqual(await client.readReference({ reference: `Patient/${id}` }), upserted);

const encounter = (number) => ({
  fullUrl: `urn:uuid:00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
  resource: {
    resourceType: 'Encounter',
    status: number % 2 ? 'planned' : 'finished',
    class: { code: 'AMB' },
    subject: { reference: `Patient/${id}` },
    period: { start: `2026-01-${String((number % 28) + 1).padStart(2, '0')}T10:00:00+01:00` },
  },
  request: { method: 'POST', url: 'Encounter' },
});
const entry = Array.from({ length: 1000 }, (_, number) => encounter(number));
const answer = await client.executeBatch({ resourceType: 'Bundle', type: 'transaction', entry });
assert.deepEqual(new Set(answer.entry.map((one) => one.response.status)), new Set(['201 Created']));

const seen = new Set();
for await (const page of client.searchResourcePages('Encounter', { patient: `Patient/${id}`, _count: 100, _sort: '-date' })) {
  page.forEach((one) => seen.add(one.id));
}
assert.equal(seen.size, 1000);
const query = 'status=planned&subject:Patient.name=fictif&date=ge2026-01-10&date=lt2026-01-12&_total=accurate&_count=5';
const some = await client.search('Encounter', `${query}&_include=Encounter:patient`);
assert.equal(some.entry.filter((one) => one.search.mode === 'include').length, 1);
assert.ok(some.total > 5);
assert.equal((await client.searchOne('Patient', { birthdate: '1980' })).id, id);
assert.equal((await client.readPatientEverything(id)).entry.length, 1001);

const { data } = await client.graphql(`{ Patient(id: "${id}") { id active name { family given } } }`);
assert.deepEqual(data.Patient.name, name);

const text = 'Bonjour, été.';
const binary = await client.createBinary({ data: text, contentType: 'text/plain' });
assert.equal(Buffer.from(binary.data, 'base64').toString(), text);
const blob = await client.download(client.fhirUrl('Binary', binary.id), { headers: { Accept: 'text/plain' } });
assert.equal(await blob.text(), text);

const told = await client.validateResource(patient({ gender: 'male' }));
assert.ok(told.issue.every((issue) => issue.severity !== 'error'));
const bad = await refusal(client.createResource(patient({ gender: 'x' })));
assert.deepEqual(bad.issue[0].expression, ['Patient.gender']);
assert.equal((await refusal(client.readResource('Patient', 'never-was'))).issue[0].code, 'not-found');
assert.equal((await refusal(client.search('Patient', { nonsense: '1' }))).issue[0].severity, 'error');

await client.deleteResource('Patient', id);
assert.ok(await refusal(client.readResource('Patient', id)));
console.log('all as expected');
