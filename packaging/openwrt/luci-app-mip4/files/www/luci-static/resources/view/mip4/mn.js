'use strict';
'require view';
'require mip4.form as mip4form';

/* The configuration of the mobile node. */
return view.extend({
	load: () => mip4form.load('mn'),

	render: (tables) => mip4form.render('mn', _('Mobile IPv4 mobile node'), tables)
});
