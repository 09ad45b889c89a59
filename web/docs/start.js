// A file of its own, because the page's policy allows no inline script. validatorUrl null: ask nobody outside.
SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', validatorUrl: null, docExpansion: 'none', filter: true, tryItOutEnabled: false })
