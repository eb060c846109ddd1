BEGIN TRANSACTION;
CREATE TABLE agencies (
	plugin TEXT NOT NULL CONSTRAINT ck_agencies_plugin CHECK (length(plugin) <= 120), 
	failures INTEGER NOT NULL, 
	violations INTEGER NOT NULL, 
	failing_since INTEGER, 
	sent_at INTEGER, 
	down_since INTEGER, 
	probe_at INTEGER, 
	cause TEXT CONSTRAINT ck_agencies_cause CHECK (length(cause) <= 120), 
	probes INTEGER NOT NULL, 
	CONSTRAINT pk_agencies PRIMARY KEY (plugin)
)
 STRICT

;
CREATE TABLE agency_logins (
	id INTEGER NOT NULL, 
	login TEXT NOT NULL CONSTRAINT ck_agency_logins_login CHECK (length(login) <= 36), 
	plugin TEXT NOT NULL CONSTRAINT ck_agency_logins_plugin CHECK (length(plugin) <= 120), 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_agency_logins PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE agency_tokens (
	id TEXT NOT NULL CONSTRAINT ck_agency_tokens_id CHECK (length(id) <= 64), 
	plugin TEXT NOT NULL CONSTRAINT ck_agency_tokens_plugin CHECK (length(plugin) <= 120), 
	login TEXT CONSTRAINT ck_agency_tokens_login CHECK (length(login) <= 36), 
	under_way TEXT CONSTRAINT ck_agency_tokens_under_way CHECK (length(under_way) <= 36), 
	refused TEXT CONSTRAINT ck_agency_tokens_refused CHECK (length(refused) <= 120), 
	refusals INTEGER, 
	data_key BLOB, 
	sealed BLOB, 
	renew_at INTEGER, 
	under_way_until INTEGER, 
	held_until INTEGER, 
	refused_at INTEGER, 
	CONSTRAINT pk_agency_tokens PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE alembic_version_counter (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_counter_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version_counter" VALUES('0001');
CREATE TABLE applications (
	id TEXT NOT NULL CONSTRAINT ck_applications_id CHECK (length(id) <= 36), 
	service TEXT NOT NULL CONSTRAINT ck_applications_service CHECK (length(service) <= 120), 
	plugin TEXT NOT NULL CONSTRAINT ck_applications_plugin CHECK (length(plugin) <= 120), 
	plugin_version TEXT NOT NULL CONSTRAINT ck_applications_plugin_version CHECK (length(plugin_version) <= 120), 
	state TEXT NOT NULL CONSTRAINT ck_applications_state CHECK (length(state) <= 120), 
	gateway TEXT CONSTRAINT ck_applications_gateway CHECK (length(gateway) <= 120), 
	client_reference TEXT NOT NULL CONSTRAINT ck_applications_client_reference CHECK (length(client_reference) <= 64), 
	agency_reference TEXT CONSTRAINT ck_applications_agency_reference CHECK (length(agency_reference) <= 64), 
	hold_party TEXT CONSTRAINT ck_applications_hold_party CHECK (length(hold_party) <= 120), 
	hold_code TEXT CONSTRAINT ck_applications_hold_code CHECK (length(hold_code) <= 120), 
	operation TEXT CONSTRAINT ck_applications_operation CHECK (length(operation) <= 120), 
	opened_at INTEGER NOT NULL, 
	updated_at INTEGER NOT NULL, 
	closed_at INTEGER, 
	due_at INTEGER, 
	lease_until INTEGER, 
	erased_at INTEGER, 
	target_plugin TEXT NOT NULL CONSTRAINT ck_applications_target_plugin CHECK (length(target_plugin) <= 120), 
	lease TEXT CONSTRAINT ck_applications_lease CHECK (length(lease) <= 36), 
	revision INTEGER NOT NULL CONSTRAINT ck_applications_revision CHECK (revision < 2000000000), 
	entries INTEGER NOT NULL, 
	chain BLOB NOT NULL, 
	data_key BLOB, 
	progress BLOB NOT NULL, 
	blocked TEXT CONSTRAINT ck_applications_blocked CHECK (length(blocked) <= 120), 
	CONSTRAINT pk_applications PRIMARY KEY (id), 
	CONSTRAINT uq_applications_client_reference UNIQUE (client_reference)
)
 STRICT

;
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000001','office.permit','office','office 1.0','draft',NULL,'e061456d617143f2958b5cabe65dd6cd1776dbb0f5a493e94b7e097e9d723f11',NULL,'citizen','consent-absent',NULL,1796083200000000,1796083200000000,NULL,NULL,NULL,NULL,'office',NULL,1,2,X'0875105FE1267452C251AEE986D77194B9E3852B7C85F1661B8F9D5AE786FBF5',X'6B6570743A01A6DFA03E85FF29B36EDEF96BB9CD00A2F276263E893F39E17D7E93143D09DFDE1138D708A962B821F70819C4E38D72C825CA4B2D03F126EB7370B5A1',X'01E83FE2E43268FE3F3590C30A19758AC5B43E9666ED3A4EA4B61DDBE2D6078179FE7603A715D6F06B6B423A5973D94E83A93FFA2706E135B44AE10D85174F1987B73D0D3D92FCBCF31E998E3DE91361F51397B7E3579CFB7C07E3F98E94D24B13EB14CB09B5A7AF3F8929067C01BF918EB044ECCC988C513E188FDE621AB8D9F03AF748274CC08BCACEADBFB8152EADA46557A3E360850201FC128DF79E7373B8EFA7B46BCFD7180E348DECEB8F102D07F4933133F3B9B374516DACB9FABD726D8E938201D96620D902EE3BF584C13D73F720DACF1CD763379D78493D603CE846C1C2E5ACAAB91BD02A9C58A47AB0D6E1D63D007FC07291716D67C0FD4BB6EBDD36748A6A796383A4F9B43F21124CAFF358DC224C19CB12DEDAF468CF00925BE9ECD4CE71012AFB703AA0938E7AF254F52220C11DF4D3',NULL);
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000002','office.permit','office','office 1.0','closed',NULL,'4e21f06c5e22f4926f4e8ee05eca849e6905b4e75a7b1a498e77db553a983aa7',NULL,NULL,NULL,NULL,1796083200000000,1796083200000000,1796083200000000,NULL,NULL,NULL,'office',NULL,2,4,X'1B151DF2B9D837753E8A66501F9937EF0F0964AE781399F1DE6D82A55689EB17',X'6B6570743A01D9EE64FAF637DB4452D52F7E9ACC391B6E94C4BB625918296A1FECB951EA3524E3F698DCB3615E3C8620A678020789012068C5560883271FBF2A0734',X'0162031534B29021681FF547C618806FEAFBA404AB7F11930D1D564EEF953339CDC71497F080F03EE9FC4C78273BD88DA2B12A231DFF2C662B4A0B8B416260B03DE72902C2FA66089FAFB8F11BCB30F122EDE9C732E638ED7121DDFBD4F61EB6DC0171A5194F7BA3B48D03B1CB6AEF3384269F61C8404FF3D1CC07C6FCE3969AB341F853C725B9547850EAE650787FEA33CC9AAB7638B42A0132D50FF63CAC30546216A07E1ADA77E94E295A33518E6E7F5044F4B67DE2DB5C2BA28EC944BD61882F538155553B8F1C3FC0F56737FBAF45C98E9ED8EB977D1FE2BF5B78FD30D76192EBA7AC0EE5BBD67D4660F52F90CFE6D077BE646C88F4668E0499C530FB5076584D2B1C6E4DFD9A42815A1EE1860DCCAF744354',NULL);
CREATE TABLE attempts (
	application TEXT NOT NULL CONSTRAINT ck_attempts_application CHECK (length(application) <= 36), 
	entry INTEGER NOT NULL, 
	operation TEXT NOT NULL CONSTRAINT ck_attempts_operation CHECK (length(operation) <= 120), 
	subject TEXT CONSTRAINT ck_attempts_subject CHECK (length(subject) <= 120), 
	worker TEXT NOT NULL CONSTRAINT ck_attempts_worker CHECK (length(worker) <= 36), 
	request_digest TEXT CONSTRAINT ck_attempts_request_digest CHECK (length(request_digest) <= 64), 
	began_at INTEGER NOT NULL, 
	ended_at INTEGER, 
	result TEXT CONSTRAINT ck_attempts_result CHECK (length(result) <= 120), 
	CONSTRAINT pk_attempts PRIMARY KEY (application, entry), 
	CONSTRAINT fk_attempts_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
CREATE TABLE checkouts (
	payment TEXT NOT NULL CONSTRAINT ck_checkouts_payment CHECK (length(payment) <= 36), 
	application TEXT NOT NULL CONSTRAINT ck_checkouts_application CHECK (length(application) <= 36), 
	sealed BLOB NOT NULL, 
	CONSTRAINT pk_checkouts PRIMARY KEY (payment), 
	CONSTRAINT fk_checkouts_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
CREATE TABLE counter_closes (
	session TEXT NOT NULL CONSTRAINT ck_counter_closes_session CHECK (length(session) <= 36), 
	closed_at INTEGER NOT NULL, 
	closed_by TEXT NOT NULL CONSTRAINT ck_counter_closes_closed_by CHECK (length(closed_by) <= 120), 
	second TEXT CONSTRAINT ck_counter_closes_second CHECK (length(second) <= 120), 
	reason TEXT, 
	pieces TEXT, 
	counted_poisha INTEGER NOT NULL, 
	unknown INTEGER NOT NULL, 
	by_hand INTEGER NOT NULL, 
	by_hand_poisha INTEGER NOT NULL, 
	CONSTRAINT pk_counter_closes PRIMARY KEY (session), 
	CONSTRAINT fk_counter_closes_session FOREIGN KEY(session) REFERENCES counter_openings (id)
)
 STRICT

;
CREATE TABLE counter_entries (
	payment TEXT NOT NULL CONSTRAINT ck_counter_entries_payment CHECK (length(payment) <= 36), 
	kind TEXT NOT NULL CONSTRAINT ck_counter_entries_kind CHECK (length(kind) <= 120), 
	session TEXT NOT NULL CONSTRAINT ck_counter_entries_session CHECK (length(session) <= 36), 
	at INTEGER NOT NULL, 
	poisha INTEGER NOT NULL, 
	late INTEGER NOT NULL, 
	CONSTRAINT pk_counter_entries PRIMARY KEY (payment, kind), 
	CONSTRAINT fk_counter_entries_session FOREIGN KEY(session) REFERENCES counter_closes (session)
)
 STRICT

;
CREATE TABLE counter_openings (
	id TEXT NOT NULL CONSTRAINT ck_counter_openings_id CHECK (length(id) <= 36), 
	till TEXT NOT NULL CONSTRAINT ck_counter_openings_till CHECK (length(till) <= 120), 
	centre TEXT NOT NULL CONSTRAINT ck_counter_openings_centre CHECK (length(centre) <= 120), 
	gateway TEXT NOT NULL CONSTRAINT ck_counter_openings_gateway CHECK (length(gateway) <= 120), 
	opened_by TEXT NOT NULL CONSTRAINT ck_counter_openings_opened_by CHECK (length(opened_by) <= 120), 
	number INTEGER NOT NULL, 
	float_poisha INTEGER NOT NULL, 
	opened_at INTEGER NOT NULL, 
	CONSTRAINT pk_counter_openings PRIMARY KEY (id), 
	CONSTRAINT uq_counter_openings_till_number UNIQUE (till, number)
)
 STRICT

;
CREATE TABLE counter_prints (
	payment TEXT NOT NULL CONSTRAINT ck_counter_prints_payment CHECK (length(payment) <= 36), 
	copy INTEGER NOT NULL, 
	application TEXT NOT NULL CONSTRAINT ck_counter_prints_application CHECK (length(application) <= 36), 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_counter_prints PRIMARY KEY (payment, copy)
)
 STRICT

;
CREATE TABLE decisions (
	id TEXT NOT NULL CONSTRAINT ck_decisions_id CHECK (length(id) <= 36), 
	at INTEGER NOT NULL, 
	officer TEXT NOT NULL CONSTRAINT ck_decisions_officer CHECK (length(officer) <= 120), 
	kind TEXT NOT NULL CONSTRAINT ck_decisions_kind CHECK (length(kind) <= 120), 
	subject TEXT NOT NULL CONSTRAINT ck_decisions_subject CHECK (length(subject) <= 120), 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_decisions PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE erased_references (
	reference TEXT NOT NULL CONSTRAINT ck_erased_references_reference CHECK (length(reference) <= 64), 
	CONSTRAINT pk_erased_references PRIMARY KEY (reference)
)
 STRICT

;
CREATE TABLE host_keys (
	name TEXT NOT NULL CONSTRAINT ck_host_keys_name CHECK (length(name) <= 120), 
	check_value BLOB NOT NULL, 
	added_at INTEGER NOT NULL, 
	retired_at INTEGER, 
	CONSTRAINT pk_host_keys PRIMARY KEY (name)
)
 STRICT

;
INSERT INTO "host_keys" VALUES('index',X'4561240AD424246562AB45F236CDEE76F05DA00AE83B63E3C2862F048E979C85',1796083200000000,NULL);
INSERT INTO "host_keys" VALUES('kept',X'1F6E4CC7FFC65BEC4A207080398F2A2800BB6326DF88A0E41F218322EAF94403',1796083200000000,NULL);
CREATE TABLE inbox (
	id TEXT NOT NULL CONSTRAINT ck_inbox_id CHECK (length(id) <= 36), 
	offer TEXT NOT NULL CONSTRAINT ck_inbox_offer CHECK (length(offer) <= 120), 
	message TEXT NOT NULL CONSTRAINT ck_inbox_message CHECK (length(message) <= 64), 
	received_at INTEGER NOT NULL, 
	due_at INTEGER, 
	lost_looks INTEGER NOT NULL, 
	data_key BLOB, 
	sealed BLOB NOT NULL, 
	application TEXT CONSTRAINT ck_inbox_application CHECK (length(application) <= 36), 
	handled_at INTEGER, 
	result TEXT CONSTRAINT ck_inbox_result CHECK (length(result) <= 120), 
	CONSTRAINT pk_inbox PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE journal (
	application TEXT NOT NULL CONSTRAINT ck_journal_application CHECK (length(application) <= 36), 
	entry INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	kind TEXT NOT NULL CONSTRAINT ck_journal_kind CHECK (length(kind) <= 120), 
	outline TEXT NOT NULL, 
	sealed BLOB NOT NULL, 
	link BLOB NOT NULL, 
	CONSTRAINT pk_journal PRIMARY KEY (application, entry), 
	CONSTRAINT fk_journal_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000001","plugin_version":"office 1.0","service":"office.permit"}',X'013B980DBCB4F08EB45B5EEF5D6083809E6585AE48587C19888F7C6BA3BB0E632E9D53BF19BE5385A8ED31826A3A9F27CA5CEFB7E716A6F5D36D674C1AB55517B2881666164D37E074502A28199D0ACB4876525E248251BD1D4C433FDD18B715CD3A322F6CE92F2D9F2A055569EA1D81EC801BF29FA113A8E22F9FC8F50D2DD2278649FD98C2BEC4C5011F31E38AE4379391D92BD55D64943796D09E3EAA40FD0BA556EDB18E83727E8344A9C20C35243456B48DEB37B4581E62A8B5C30A63A244A23C120003DC49AC82D6132CF6F845623DD1DD61BAD2700FFC460F661C2A8D1F3EF68520B9A2A70EE2327FD6562D6EF2E8',X'C48F91D0D1FC683F6658EF2434E4377C1F8F658DA9B2032F02B513C8994C7644');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'013C64DF2C3D98E7C3F50AD090A2723C2801446FDD98B939FCB98BF772E8C5C2FAACE2C5F4FE2D9D5E6204C69868FE80231834EDE0E7D494E0E0868EBE1F9EFC89BF61BE6F6C975B0698F596A9A988A3C35155626A1C625842234ECD1848492880B4ECB77A95919BEA671A4CCC',X'0875105FE1267452C251AEE986D77194B9E3852B7C85F1661B8F9D5AE786FBF5');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000002","plugin_version":"office 1.0","service":"office.permit"}',X'01577800923157A5382A8755278FF76246C0A5A9CB9C784CA9FF50DBADBD66CA50A10819B912BAF22B1A313DD29A7F89261444F0F1D383478EB6F29613264FEDEE869D30EBA3E1BA89C020D51A08371D96FF27AA2ADF82F9CAE4259EAAADA705F284F40260AD3D957B3BA87301B563DB494ED9CF3F88F2CB510F9D423E480D6F87F2AD7CEEFEAB24638A0BDABBF69BCDF05F4124FFDC31F441FC3D81DAF2988DF0837D306D55F2826D9E374F4B87A07B45F454109D80B38CDDC73CC1BEA878024D9BFB87C6FB844854CE02E5BA3BFEE9E241A30E46C024904EF2A7AF6455D6841BF96F067D0F81D5AF578DC2C6454A44B045',X'7CAB4612A2F6FF0A6E4DAFDADD391D168CC476ED99E3C41BE82023984B35443E');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'019AB1CC0BB3A2EA7FB438AB5236C719EC7ACB3032E8B9FD97B07B0A2824180D488D459EB2B03D9FA27B172F11CDA42F80A609DB6080D6788041C0C86BCFC7B0307E43B038F0E5FBD9EE85583B4FDA31C51A71A2F4938461DAFF72F5D33732D989B2F5F695BBFF4CCAA074E212',X'153DA9E37FF3CE690AA31668ADC1E3565B338DADC859FF2BB1689750B8BFFDC0');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',3,1796083200000000,'moved','{"actor":"citizen","at":"2026-12-01T00:00:00Z","code":"withdrawn","to":"withdrawn"}',X'01402C851345FCD0B31BD60937B3475F09CF20D5D243EF7CB5BB77F01235B19D3E1754F3D9C7DA2FB77DDC75E53976F306EF86BDF24B83CA45C768F59A1063AA9F25590AC67BA039D1115AB7B1A412F99AA298AA065C4AEB85476620C0634E68FFDA0D30E86F8DE516036B19041AB992',X'00D115141FB5CCF8C0B4D7560C5186632325B90D4AF439570755D6DFB6875CE4');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',4,1796083200000000,'moved','{"actor":"core","at":"2026-12-01T00:00:00Z","code":"settled","to":"closed"}',X'0129CFCD9B4806DDA3B8BA6E5ECDB6B36644EBBCD23F757C92CB0CF0C80BB2B64892416086284637551E3F60848DB164A212D7AF497F4F2C2C805896024E1C479FA2C5954B314FEA9670683667D96A00C0B7AEE37CF467A0EED88F506AD290C4A6F20136993063C0',X'1B151DF2B9D837753E8A66501F9937EF0F0964AE781399F1DE6D82A55689EB17');
CREATE TABLE ledger (
	writer INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	kind TEXT NOT NULL CONSTRAINT ck_ledger_kind CHECK (length(kind) <= 120), 
	subject TEXT NOT NULL CONSTRAINT ck_ledger_subject CHECK (length(subject) <= 241), 
	content TEXT NOT NULL, 
	link BLOB NOT NULL, 
	CONSTRAINT pk_ledger PRIMARY KEY (writer, number)
)
 STRICT

;
INSERT INTO "ledger" VALUES(1,1,1796083200000000,'applications','00000000-0000-4000-8000-000000000001','{"draft":"dty4iXSKLqJTQ7R7aD+8dfYMFJB7W0VCHG/I+5eW/6s=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","state":"draft","gateway":null,"hold_party":"citizen","hold_code":"consent-absent","operation":null,"opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":null,"due_at":null,"target_plugin":"office","lease":null,"revision":1,"entries":2,"chain":"CHUQX+EmdFLCUa7phtdxlLnjhSt8hfFmG4+dWueG+/U=","blocked":null}',X'6890555FD09377D42D7841E861A6654BFF121D073D23E1E2EA0429EBDAD8298F');
INSERT INTO "ledger" VALUES(1,2,1796083200000000,'applications','00000000-0000-4000-8000-000000000002','{"draft":"D0QReIEbx/wirP8qZapWQm0a0R0OEl1609PYpn973zI=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","state":"closed","gateway":null,"hold_party":null,"hold_code":null,"operation":null,"opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":1796083200000000,"due_at":null,"target_plugin":"office","lease":null,"revision":2,"entries":4,"chain":"GxUd8rnYN3U+imZQH5k37w8JZK54E5nx3m2CpVaJ6xc=","blocked":null}',X'B23352D196B4E0C3C7D735D4A25F18DB7090FFEC12346E784E3A8883A1898F30');
CREATE TABLE outages (
	plugin TEXT NOT NULL CONSTRAINT ck_outages_plugin CHECK (length(plugin) <= 120), 
	began_at INTEGER NOT NULL, 
	ended_at INTEGER, 
	cause TEXT CONSTRAINT ck_outages_cause CHECK (length(cause) <= 120), 
	CONSTRAINT pk_outages PRIMARY KEY (plugin, began_at)
)
 STRICT

;
CREATE TABLE paces (
	plugin TEXT NOT NULL CONSTRAINT ck_paces_plugin CHECK (length(plugin) <= 120), 
	next_at INTEGER NOT NULL, 
	CONSTRAINT pk_paces PRIMARY KEY (plugin)
)
 STRICT

;
CREATE TABLE payloads (
	application TEXT NOT NULL CONSTRAINT ck_payloads_application CHECK (length(application) <= 36), 
	draft BLOB NOT NULL, 
	updated_at INTEGER NOT NULL, 
	CONSTRAINT pk_payloads PRIMARY KEY (application), 
	CONSTRAINT fk_payloads_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000001',X'01C161E5DF934DCDE9B01EF9B9F1CCEB74E76C59536E73AE379A096BC77AC34FD27B2CBB24CC180DD69CDFE406BD84D7B6B7DC8ABEC999238867D6A03EE0CE33785D6EAA6754F53CA887BEE1CD35CA4BC3768DCF2382C017F0F30EF8D3CA98C380091D161281BF4C1E92AF6772A23BBDEF76A38289EDF12C48C97DE11B3532B3CE620E68FD9B510F67566122A884FB998ED4B73828D869CD83FF293297D5021D1A0F71C1F6684980FF3DC7A309C6A19793E40BACA9B3484DE7FFE612FBBB0E4E89B5FFCE1ECAD5A6B1D8FCE92F733A746F890F7B2F706891A636D6912CE8B1151BA249A857AAED2261C4225BA86ACD48C086DAC819DE2709DD856982640FA5C248EED7E64A4EEFDFB7EA5B3E0C1647670B248E1D5E594CE768E361B44053394FD05B4B92AA1C854871E2299B18B056710A8BEB837946C0EBFDD7ECAAC5A1AC133F6CA5C579EAF9078A31E56A273765042EBB4F3FD897E53C8F8E3BE60573FFB767493077FE718F84DC9F6EA3A77B89B1AB6855BF10BC0AC24333344C4AC6AC7C79E7D7B9900CDCA5B886043C8D6E42B4F846F27F4BD23F247B53A1EC115354A7C6',1796083200000000);
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000002',X'0150A23CE00D6A780885F1926B60319C9B3AE5E578CC89AFDAC222B5E273E8D84A7970A5E816386709EE07866218E2F4F8A390C0B99FAF76306488C8DA808FB86FBE389871E4F831188C6DCC0389FD752C590207BD5DE54A860D6E911C483BDD1933BF50F7A9A53C53607156FDDEF186B3E4C426EE879F24FDF4FED80E658498C85420B6EF4D31DB0045A692A131A4ADFB7B1DEB78629D56D9E09BEAA263E0340A10B0CD4ED3828DCD13D845FC288C5C6809F7A712D4B71215F023AA83B5CBE9DE0DBA781603FF240629F11762AE3952DCEB5B28B84AA6376FCA8836E93A977C9C0AF1A03A0786473B9C13AC96FC7ECB04FE0D8C74D6A52B5779D21BBFEFD2A34E1572E13153C438C78846FC6F10A420CFF72452752074A5735455A0E432C98D612A01EB76DE5F6224F7ADA65AF5AF17B4E4D1E05F0C2944911C51A1D63E6486B3AB15AAA7A8732758FAF2FFE4EB1A95299F94BFDBEE1DBAE71620AD06E4466CAD044F0606386804DC058A20ACE3812292CC5BB5A43DAF7C230C51AEF3F7399046032D2198345DE430E78912001C7B938835F61E98BEC14750D8A053A3D9E6',1796083200000000);
CREATE TABLE payment_cases (
	id TEXT NOT NULL CONSTRAINT ck_payment_cases_id CHECK (length(id) <= 36), 
	gateway TEXT NOT NULL CONSTRAINT ck_payment_cases_gateway CHECK (length(gateway) <= 120), 
	kind TEXT NOT NULL CONSTRAINT ck_payment_cases_kind CHECK (length(kind) <= 120), 
	day TEXT NOT NULL CONSTRAINT ck_payment_cases_day CHECK (length(day) <= 10), 
	payment TEXT CONSTRAINT ck_payment_cases_payment CHECK (length(payment) <= 36), 
	application TEXT CONSTRAINT ck_payment_cases_application CHECK (length(application) <= 36), 
	poisha INTEGER, 
	currency TEXT CONSTRAINT ck_payment_cases_currency CHECK (length(currency) <= 3), 
	found_at INTEGER NOT NULL, 
	asked_at INTEGER, 
	opened_at INTEGER, 
	ended_at INTEGER, 
	result TEXT CONSTRAINT ck_payment_cases_result CHECK (length(result) <= 120), 
	officer TEXT CONSTRAINT ck_payment_cases_officer CHECK (length(officer) <= 120), 
	reason TEXT, 
	data_key BLOB, 
	sealed BLOB NOT NULL, 
	CONSTRAINT pk_payment_cases PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE payments (
	id TEXT NOT NULL CONSTRAINT ck_payments_id CHECK (length(id) <= 36), 
	application TEXT NOT NULL CONSTRAINT ck_payments_application CHECK (length(application) <= 36), 
	gateway TEXT NOT NULL CONSTRAINT ck_payments_gateway CHECK (length(gateway) <= 120), 
	stage TEXT NOT NULL CONSTRAINT ck_payments_stage CHECK (length(stage) <= 120), 
	quote TEXT NOT NULL CONSTRAINT ck_payments_quote CHECK (length(quote) <= 120), 
	state TEXT NOT NULL CONSTRAINT ck_payments_state CHECK (length(state) <= 120), 
	poisha INTEGER NOT NULL, 
	currency TEXT NOT NULL CONSTRAINT ck_payments_currency CHECK (length(currency) <= 3), 
	taken_poisha INTEGER, 
	opened_at INTEGER NOT NULL, 
	updated_at INTEGER NOT NULL, 
	captured_at INTEGER, 
	captured_known_at INTEGER, 
	refund_requested_at INTEGER, 
	refund_ordered_at INTEGER, 
	refunded_at INTEGER, 
	refunded_known_at INTEGER, 
	acting TEXT CONSTRAINT ck_payments_acting CHECK (length(acting) <= 120), 
	centre TEXT CONSTRAINT ck_payments_centre CHECK (length(centre) <= 120), 
	CONSTRAINT pk_payments PRIMARY KEY (id), 
	CONSTRAINT fk_payments_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
CREATE TABLE permits (
	id TEXT NOT NULL CONSTRAINT ck_permits_id CHECK (length(id) <= 36), 
	plugin TEXT NOT NULL CONSTRAINT ck_permits_plugin CHECK (length(plugin) <= 120), 
	taken_at INTEGER NOT NULL, 
	lease_until INTEGER NOT NULL, 
	CONSTRAINT pk_permits PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE restorations (
	at INTEGER NOT NULL, 
	officer TEXT NOT NULL CONSTRAINT ck_restorations_officer CHECK (length(officer) <= 120), 
	reason TEXT NOT NULL, 
	caught_up_at INTEGER, 
	CONSTRAINT pk_restorations PRIMARY KEY (at)
)
 STRICT

;
CREATE TABLE settings_reloads (
	number INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_settings_reloads PRIMARY KEY (number)
)
 STRICT

;
CREATE TABLE suspensions (
	kind TEXT NOT NULL CONSTRAINT ck_suspensions_kind CHECK (length(kind) <= 120), 
	name TEXT NOT NULL CONSTRAINT ck_suspensions_name CHECK (length(name) <= 120), 
	reason_en TEXT NOT NULL, 
	reason_bn TEXT NOT NULL, 
	officer TEXT NOT NULL CONSTRAINT ck_suspensions_officer CHECK (length(officer) <= 120), 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_suspensions PRIMARY KEY (kind, name)
)
 STRICT

;
CREATE TABLE workers (
	id TEXT NOT NULL CONSTRAINT ck_workers_id CHECK (length(id) <= 36), 
	name TEXT NOT NULL CONSTRAINT ck_workers_name CHECK (length(name) <= 120), 
	started_at INTEGER NOT NULL, 
	beat_at INTEGER NOT NULL, 
	lease_until INTEGER NOT NULL, 
	key_names TEXT NOT NULL, 
	kept_out TEXT, 
	settings_reload INTEGER, 
	CONSTRAINT pk_workers PRIMARY KEY (id)
)
 STRICT

;
CREATE INDEX ix_applications_opened ON applications (opened_at, id);
CREATE INDEX ix_applications_lease ON applications (lease_until) WHERE lease IS NOT NULL;
CREATE INDEX ix_applications_hold ON applications (hold_code, opened_at, id) WHERE hold_code IS NOT NULL;
CREATE INDEX ix_applications_blocked ON applications (blocked, opened_at, id) WHERE blocked IS NOT NULL;
CREATE INDEX ix_applications_agency_reference ON applications (plugin, agency_reference);
CREATE INDEX ix_applications_due ON applications (target_plugin, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_applications_closed ON applications (closed_at) WHERE erased_at IS NULL AND closed_at IS NOT NULL;
CREATE INDEX ix_applications_person ON applications (updated_at) WHERE closed_at IS NULL AND (hold_party = 'person' OR blocked IS NOT NULL OR state = 'manual_review');
CREATE INDEX ix_applications_service ON applications (service, state, opened_at, id);
CREATE INDEX ix_payment_cases_waiting ON payment_cases (opened_at) WHERE opened_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX ix_payment_cases_payment ON payment_cases (payment);
CREATE INDEX ix_payment_cases_application ON payment_cases (application);
CREATE INDEX ix_inbox_message ON inbox (offer, message);
CREATE INDEX ix_inbox_due ON inbox (offer, due_at) WHERE handled_at IS NULL;
CREATE INDEX ix_inbox_received_at ON inbox (received_at);
CREATE INDEX ix_permits_plugin ON permits (plugin);
CREATE INDEX ix_agency_logins_plugin ON agency_logins (plugin, at);
CREATE INDEX ix_decisions_at ON decisions (at);
CREATE INDEX ix_ledger_subject ON ledger (subject);
CREATE INDEX ix_payments_acting ON payments (gateway, acting);
CREATE INDEX ix_payments_opened ON payments (opened_at, id);
CREATE INDEX ix_payments_state ON payments (gateway, state, opened_at, id);
CREATE INDEX ix_payments_to_give_back ON payments (application) WHERE state IN ('refund_requested', 'refund_pending', 'refund_manual');
CREATE INDEX ix_payments_centre ON payments (gateway, centre);
CREATE INDEX ix_payments_captured ON payments (gateway, captured_at);
CREATE INDEX ix_payments_application ON payments (application);
CREATE INDEX ix_checkouts_application ON checkouts (application);
CREATE INDEX ix_counter_openings_centre ON counter_openings (centre, till, number);
CREATE INDEX ix_counter_entries_session ON counter_entries (session);
COMMIT;
