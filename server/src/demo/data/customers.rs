//! Customers and where they live: the twelve of the scenarios, and four for the visits of today.

/// A customer with one site.
#[derive(Debug, Clone, Copy)]
pub struct Household {
    /// Key, for the scenarios their number.
    pub key: &'static str,
    /// `individual` or `institution`.
    pub kind: &'static str,
    /// Name.
    pub name: &'static str,
    /// Phone number, of the pattern that nobody has.
    pub phone: &'static str,
    /// Address of customer and site.
    pub address: &'static str,
    /// Scene of the site.
    pub scene: &'static str,
    /// Key of the grid.
    pub grid: &'static str,
    /// Latitude and longitude in microdegrees, WGS 84.
    pub at: (i64, i64),
    /// How to get in.
    pub access_note: Option<&'static str>,
}

/// Everybody who is visited.
pub const HOUSEHOLDS: [Household; 16] = [
    person(
        "S-01",
        "王海",
        "000-0000-0001",
        "云泽市虚构区示例路 18 号 3 栋 502",
        URBAN,
        "yunze-east",
        (30_512_340, 113_901_220),
    )
    .note("3 栋北门，电梯到 5 楼"),
    person(
        "S-02",
        "陈静",
        "000-0000-0002",
        "云泽市虚构区样本街 6 号 1 栋 1203",
        URBAN,
        "yunze-east",
        (30_514_870, 113_906_410),
    ),
    person("S-03", "刘洋", "000-0000-0003", "青岚县虚构镇柳影村 27 号", RURAL, "qinglan", (30_668_150, 113_720_930))
        .note("村口小卖部右转，院内有狗"),
    person(
        "S-04",
        "赵敏",
        "000-0000-0004",
        "云泽市虚构区镜湖路 99 号 2 栋 801",
        URBAN,
        "yunze-west",
        (30_498_260, 113_872_540),
    ),
    person("S-05", "孙磊", "000-0000-0005", "云泽市虚构区星桥巷 3 号", URBAN, "yunze-west", (30_501_730, 113_868_090)),
    person("S-06", "周婷", "000-0000-0006", "云泽市虚构区样本街 21 号", URBAN, "yunze-east", (30_515_420, 113_908_760)),
    person("S-07", "吴强", "000-0000-0007", "青岚县虚构镇松原路 5 号", RURAL, "qinglan", (30_671_480, 113_715_320)),
    person(
        "S-08",
        "郑华",
        "000-0000-0008",
        "云泽市虚构区金桐大道 200 号",
        URBAN,
        "yunze-west",
        (30_492_610, 113_860_170),
    ),
    company(
        "S-09",
        "示例精密制造有限公司",
        "000-0000-0009",
        "云泽市虚构开发区启明路 8 号",
        "yunze-west",
        (30_480_930, 113_851_640),
    )
    .note("南门登记，穿反光背心"),
    person(
        "S-10",
        "林芳",
        "000-0000-0010",
        "云泽市虚构区杏园小区 4 栋 301",
        URBAN,
        "yunze-east",
        (30_519_050, 113_912_380),
    ),
    company(
        "S-11",
        "惠邻便利店（店主 何勇）",
        "000-0000-0011",
        "云泽市虚构区柳岸街 12 号",
        "yunze-east",
        (30_516_690, 113_910_150),
    ),
    company(
        "S-12",
        "晨光总包工程公司",
        "000-0000-0012",
        "云泽市虚构区远帆路 66 号",
        "yunze-west",
        (30_488_370, 113_857_280),
    ),
    person(
        "D-01",
        "何雨",
        "000-0000-0021",
        "云泽市虚构区示例路 42 号 1 栋 1101",
        URBAN,
        "yunze-east",
        (30_513_120, 113_902_950),
    ),
    person("D-02", "宋杰", "000-0000-0022", "云泽市虚构区镜湖路 15 号", URBAN, "yunze-west", (30_497_440, 113_870_360)),
    person(
        "D-03",
        "罗兰",
        "000-0000-0023",
        "云泽市虚构区柳岸街 77 号 2 栋 603",
        URBAN,
        "yunze-east",
        (30_517_230, 113_911_040),
    ),
    person("D-04", "高明", "000-0000-0024", "青岚县虚构镇柳影村 9 号", RURAL, "qinglan", (30_667_520, 113_721_670)),
];

const URBAN: &str = "urban_residential";
const RURAL: &str = "rural";

const fn person(
    key: &'static str,
    name: &'static str,
    phone: &'static str,
    address: &'static str,
    scene: &'static str,
    grid: &'static str,
    at: (i64, i64),
) -> Household {
    Household { key, kind: "individual", name, phone, address, scene, grid, at, access_note: None }
}

const fn company(
    key: &'static str,
    name: &'static str,
    phone: &'static str,
    address: &'static str,
    grid: &'static str,
    at: (i64, i64),
) -> Household {
    Household { key, kind: "institution", name, phone, address, scene: "business", grid, at, access_note: None }
}

impl Household {
    const fn note(self, text: &'static str) -> Self {
        Self { access_note: Some(text), ..self }
    }
}
