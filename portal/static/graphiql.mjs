// GraphiQL over the portal's own door: the session's cookie, the page's token, the schema of one's tier.
const place = document.querySelector("#graphiql");
const { endpoint, token, language } = place.dataset;
const example = document.querySelector("#example").content.textContent;

async function ask(parameters) {
  const answer = await fetch(endpoint, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json",
      "Accept-Language": language,
      "X-CSRF-Token": token,
    },
    body: JSON.stringify(parameters),
  });
  return answer.json();
}

place.textContent = "";
ReactDOM.createRoot(place).render(
  React.createElement(GraphiQL, {
    fetcher: ask,
    defaultQuery: example,
    isHeadersEditorEnabled: false,
    shouldPersistHeaders: false,
    inputValueDeprecation: true,
  }),
);
