// The audits of graphql-http: does a server speak GraphQL over HTTP? Asks the address named first, with the token in
// AUDIT_TOKEN; prints what each audit said as JSON: [{id, name, status, reason}].
import {auditServer} from 'graphql-http';

const authorization = `Bearer ${process.env.AUDIT_TOKEN}`;
const fetchFn = (url, options = {}) => fetch(url, {...options, headers: {...options.headers, authorization}});
const results = await auditServer({url: process.argv[2], fetchFn});
console.log(JSON.stringify(results.map(({id, name, status, reason = ''}) => ({id, name, status, reason}))));
