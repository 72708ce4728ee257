// The page of all routes: Swagger UI over /openapi.json, from this server alone.
/* global SwaggerUIBundle */

SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  // Without this it asks a server of its makers whether the description is valid.
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
})
